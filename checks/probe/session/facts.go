package session

import (
	"cmp"
	"iter"
	"strings"
	"time"

	"github.com/livekit/protocol/livekit"
	"github.com/pion/stun/v3"
	"github.com/pion/webrtc/v4"

	"lkdoctor/checks/caps"
	"lkdoctor/checks/probe"
)

// JoinFacts is the content of the server's JoinResponse, cleaned and capped,
// without its secrets (room.turnPassword, the ICE servers' credentials).
type JoinFacts struct {
	ServerVersion, ServerRegion    string
	Room, Identity, ParticipantSID string
	// OthersCount is the number of other participants in the room.
	OthersCount int
	// CanPublish, CanPublishData and CanSubscribe are the permissions that the
	// server derived from the token's grants.
	CanPublish, CanPublishData, CanSubscribe bool
	// SubscriberPrimary reports whether the server offers and its connection
	// counts; false means that the client has to offer (a token that may not
	// subscribe).
	SubscriberPrimary bool
	// ICEServersCount counts the STUN and TURN servers of the JoinResponse,
	// ICEURLsCount their URLs.
	ICEServersCount, ICEURLsCount int
	// NamesTURN reports whether one of them is a TURN server's, even an invalid one.
	NamesTURN bool
	// ICEProblems are the URLs, of all servers, that browsers refuse: at most 16 of
	// ICEProblemsCount.
	ICEProblems               []probe.ICEServerProblem
	ICEProblemsCount          int
	PingInterval, PingTimeout time.Duration
}

func joinFacts(n *probe.Net, j *livekit.JoinResponse) JoinFacts {
	n.Redact.LearnFrom(j.GetRoom().GetTurnPassword())
	namesTURN := false
	for s, u := range iceURLs(j.GetIceServers()) {
		n.Redact.LearnFrom(s.GetCredential())
		namesTURN = namesTURN || strings.HasPrefix(strings.ToLower(strings.TrimSpace(u)), "turn")
	}
	info, perm := j.GetServerInfo(), j.GetParticipant().GetPermission()
	facts := JoinFacts{
		ServerVersion:     n.Line(cmp.Or(info.GetVersion(), j.GetServerVersion())),
		ServerRegion:      n.Line(cmp.Or(info.GetRegion(), j.GetServerRegion())),
		Room:              n.Line(j.GetRoom().GetName()),
		Identity:          n.Line(j.GetParticipant().GetIdentity()),
		ParticipantSID:    n.Line(j.GetParticipant().GetSid()),
		OthersCount:       len(j.GetOtherParticipants()),
		CanPublish:        perm.GetCanPublish(),
		CanPublishData:    perm.GetCanPublishData(),
		CanSubscribe:      perm.GetCanSubscribe(),
		SubscriberPrimary: j.GetSubscriberPrimary(),
		ICEServersCount:   len(j.GetIceServers()),
		NamesTURN:         namesTURN,
		PingInterval:      seconds(j.GetPingInterval()),
		PingTimeout:       seconds(j.GetPingTimeout()),
	}
	for _, s := range j.GetIceServers() {
		facts.ICEURLsCount += len(s.GetUrls())
	}
	facts.ICEProblems, facts.ICEProblemsCount = n.ICEProblems(j.GetIceServers())
	return facts
}

// iceURLs returns the servers and URLs that are kept of a list.
func iceURLs(list []*livekit.ICEServer) iter.Seq2[*livekit.ICEServer, string] {
	return func(yield func(*livekit.ICEServer, string) bool) {
		servers, urls := 0, 0
		for _, s := range list {
			for _, u := range s.GetUrls() {
				if urls++; urls > caps.ICEURLs || !yield(s, u) {
					return
				}
			}
			if len(s.GetUrls()) > 0 {
				servers++
			}
			if servers == caps.ICEServers {
				return
			}
		}
	}
}

// iceServers returns the servers as pion takes them, with credentials: keep the
// result out of anything that can be printed. URLs that a browser or pion cannot
// parse are left out: one of them fails the whole connection, and nothing is ever
// sent to an address that was not parsed.
func iceServers(list []*livekit.ICEServer) []webrtc.ICEServer {
	var out []webrtc.ICEServer
	for s, u := range iceURLs(list) {
		server := webrtc.ICEServer{URLs: []string{u}}
		if s.GetCredential() != "" {
			server.Username, server.Credential = s.GetUsername(), s.GetCredential()
		}
		parsed, problem := probe.ParseICEURL(u)
		if problem != "" || parsed.TURN() && (server.Username == "" || server.Credential == nil) {
			continue
		}
		// stun v3.1.7 calls itself without end for stun:[::1]x, which has a problem.
		if _, err := stun.ParseURI(u); err == nil {
			out = append(out, server)
		}
	}
	return out
}

func isTURN(s webrtc.ICEServer) bool {
	u, _ := probe.ParseICEURL(s.URLs[0])
	return u.TURN()
}

// seconds converts a server's number to a duration without overflow.
func seconds(n int32) time.Duration {
	return time.Duration(max(0, min(n, 3600))) * time.Second
}
