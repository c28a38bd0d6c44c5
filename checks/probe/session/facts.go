package session

import (
	"cmp"
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
	// ServerVersion and ServerRegion describe the server; Edition is Standard or
	// Cloud.
	ServerVersion, ServerRegion, Edition string
	Room                                 string
	Identity, ParticipantSID             string
	// OthersCount is the number of other participants in the room.
	OthersCount int
	// CanPublish, CanPublishData and CanSubscribe are the permissions that the
	// server derived from the token's grants.
	CanPublish, CanPublishData, CanSubscribe bool
	// SubscriberPrimary reports whether the server offers and its connection
	// counts; false means that the client has to offer (a token that may not
	// subscribe).
	SubscriberPrimary bool
	// ICEServers are the STUN and TURN servers of the JoinResponse.
	ICEServers []ICEServer
	// ICEServersCount counts all of them.
	ICEServersCount int
	// ICEURLsCount counts the URLs of all of them.
	ICEURLsCount int
	// ICEProblems are the URLs, of all servers, that browsers refuse: at most 16 of
	// ICEProblemsCount.
	ICEProblems               []probe.ICEServerProblem
	ICEProblemsCount          int
	PingInterval, PingTimeout time.Duration
}

// ICEServer is one entry of the JoinResponse's ICE servers, without its
// credential.
type ICEServer struct {
	URLs []string
	// HasCredential reports whether user name and password came with it.
	HasCredential bool
}

// joinFacts reads a JoinResponse.
func joinFacts(n *probe.Net, j *livekit.JoinResponse) JoinFacts {
	n.Redact.LearnFrom(j.GetRoom().GetTurnPassword())
	eachICEURL(j.GetIceServers(), func(_ int, s *livekit.ICEServer, _ string) { n.Redact.LearnFrom(s.GetCredential()) })
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
		PingInterval:      seconds(j.GetPingInterval()),
		PingTimeout:       seconds(j.GetPingTimeout()),
	}
	if info != nil {
		facts.Edition = n.Line(info.GetEdition().String())
	}
	facts.ICEServersCount = len(j.GetIceServers())
	for _, s := range j.GetIceServers() {
		facts.ICEURLsCount += len(s.GetUrls())
	}
	facts.ICEProblems, facts.ICEProblemsCount = n.ICEProblems(j.GetIceServers())
	eachICEURL(j.GetIceServers(), func(i int, s *livekit.ICEServer, u string) {
		if i == len(facts.ICEServers) {
			facts.ICEServers = append(facts.ICEServers, ICEServer{HasCredential: s.GetCredential() != ""})
		}
		facts.ICEServers[i].URLs = append(facts.ICEServers[i].URLs, n.Line(u[:min(len(u), caps.ICEURL)]))
	})
	return facts
}

// eachICEURL calls f with each server and URL that is kept; i counts the servers
// that have a URL.
func eachICEURL(list []*livekit.ICEServer, f func(i int, s *livekit.ICEServer, u string)) {
	servers, urls := 0, 0
	for _, s := range list {
		before := urls
		for _, u := range s.GetUrls() {
			if servers < caps.ICEServers && urls < caps.ICEURLs {
				f(servers, s, u)
				urls++
			}
		}
		if urls > before {
			servers++
		}
	}
}

// iceServers returns the servers as pion takes them, with credentials: keep the
// result out of anything that can be printed. URLs that a browser or pion cannot
// parse are left out: one of them fails the whole connection, and nothing is ever
// sent to an address that was not parsed.
func iceServers(list []*livekit.ICEServer) []webrtc.ICEServer {
	var out []webrtc.ICEServer
	eachICEURL(list, func(_ int, s *livekit.ICEServer, u string) {
		server := webrtc.ICEServer{URLs: []string{u}}
		if s.GetCredential() != "" {
			server.Username, server.Credential = s.GetUsername(), s.GetCredential()
		}
		if _, problem := probe.ParseICEURL(u); problem != "" {
			return
		}
		if _, err := stun.ParseURI(u); err == nil && (!isTURN(server) || server.Username != "" && server.Credential != nil) {
			out = append(out, server)
		}
	})
	return out
}

// isTURN reports whether s has a TURN URL.
func isTURN(s webrtc.ICEServer) bool {
	u, err := stun.ParseURI(s.URLs[0])
	return err == nil && (u.Scheme == stun.SchemeTypeTURN || u.Scheme == stun.SchemeTypeTURNS)
}

// seconds converts a server's number to a duration without overflow.
func seconds(n int32) time.Duration {
	return time.Duration(max(0, min(n, 3600))) * time.Second
}
