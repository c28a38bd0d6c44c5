package probe

import (
	"time"

	"github.com/livekit/protocol/livekit"
	"github.com/pion/webrtc/v4"
)

// JoinFacts is what the server's JoinResponse says, cleaned and capped, without
// its secrets (room.turnPassword, the ICE servers' credentials).
type JoinFacts struct {
	// ServerVersion, ServerRegion, ServerNode and Edition describe the server;
	// Edition is Standard or Cloud.
	ServerVersion, ServerRegion, ServerNode, Edition string
	// ServerProtocol and AgentProtocol are its protocol numbers.
	ServerProtocol, AgentProtocol int
	Room, RoomSID                 string
	Identity, ParticipantSID      string
	// Others are the identities that were in the room already: at most 100 of
	// OthersCount.
	Others      []string
	OthersCount int
	// CanPublish, CanPublishData and CanSubscribe are what the server made of the
	// token's grants.
	CanPublish, CanPublishData, CanSubscribe bool
	// SubscriberPrimary tells that the server offers and its connection counts; false
	// means that the client has to offer (a token that may not subscribe).
	SubscriberPrimary bool
	FastPublish       bool
	// ICEServers are the STUN and TURN servers that the server hands out.
	ICEServers []ICEServer
	// ICEServersCount counts all of them; ICEServers are at most 32.
	ICEServersCount int
	// ICEProblems are the URLs, of all servers, that browsers refuse: at most 16 of
	// ICEProblemsCount.
	ICEProblems               []ICEServerProblem
	ICEProblemsCount          int
	PingInterval, PingTimeout time.Duration
	// AlternativeURL is where a server that cannot take the participant sends
	// it; "" otherwise.
	AlternativeURL string
}

// ICEServer is one entry of the JoinResponse's ICE servers, without its
// credential.
type ICEServer struct {
	URLs []string
	// HasCredential tells whether user name and password came with it.
	HasCredential bool
}

const (
	maxOthers     = 100
	maxICEServers = 32
	maxICEURLs    = 16
)

// joinFacts reads a JoinResponse.
func (n *Net) joinFacts(j *livekit.JoinResponse) JoinFacts {
	info, perm := j.GetServerInfo(), j.GetParticipant().GetPermission()
	facts := JoinFacts{
		ServerVersion:     n.line(firstOf(info.GetVersion(), j.GetServerVersion())),
		ServerRegion:      n.line(firstOf(info.GetRegion(), j.GetServerRegion())),
		ServerNode:        n.line(info.GetNodeId()),
		ServerProtocol:    int(info.GetProtocol()),
		AgentProtocol:     int(info.GetAgentProtocol()),
		Room:              n.line(j.GetRoom().GetName()),
		RoomSID:           n.line(j.GetRoom().GetSid()),
		Identity:          n.line(j.GetParticipant().GetIdentity()),
		ParticipantSID:    n.line(j.GetParticipant().GetSid()),
		OthersCount:       len(j.GetOtherParticipants()),
		CanPublish:        perm.GetCanPublish(),
		CanPublishData:    perm.GetCanPublishData(),
		CanSubscribe:      perm.GetCanSubscribe(),
		SubscriberPrimary: j.GetSubscriberPrimary(),
		FastPublish:       j.GetFastPublish(),
		PingInterval:      seconds(j.GetPingInterval()),
		PingTimeout:       seconds(j.GetPingTimeout()),
		AlternativeURL:    n.line(j.GetAlternativeUrl()),
	}
	if info != nil {
		facts.Edition = n.line(info.GetEdition().String())
	}
	for i, p := range j.GetOtherParticipants() {
		if i == maxOthers {
			break
		}
		facts.Others = append(facts.Others, n.line(p.GetIdentity()))
	}
	facts.ICEServersCount = len(j.GetIceServers())
	n.iceProblems(&facts, j.GetIceServers())
	for i, s := range j.GetIceServers() {
		if i == maxICEServers {
			break
		}
		server := ICEServer{HasCredential: s.GetCredential() != ""}
		for k, u := range s.GetUrls() {
			if k == maxICEURLs {
				break
			}
			server.URLs = append(server.URLs, n.line(u[:min(len(u), maxICEURL)]))
		}
		facts.ICEServers = append(facts.ICEServers, server)
	}
	return facts
}

// iceServers are the JoinResponse's servers as pion takes them, credentials
// included: not to be kept in anything that can be printed. URLs that pion
// cannot read are left out, because one of them fails the whole connection.
func iceServers(j *livekit.JoinResponse) []webrtc.ICEServer {
	var out []webrtc.ICEServer
	for i, s := range j.GetIceServers() {
		if i == maxICEServers {
			break
		}
		for k, u := range s.GetUrls() {
			if k == maxICEURLs {
				break
			}
			server := webrtc.ICEServer{URLs: []string{u}}
			if s.GetCredential() != "" {
				server.Username, server.Credential = s.GetUsername(), s.GetCredential()
			}
			if usableICEServer(server) {
				out = append(out, server)
			}
		}
	}
	return out
}

// firstOf is the first of a and b that says something.
func firstOf(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// seconds turns a server's number into a duration that nothing can overflow.
func seconds(n int32) time.Duration {
	return time.Duration(max(0, min(n, 3600))) * time.Second
}
