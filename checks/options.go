package checks

import (
	"net/http"
	"time"

	"lkdoctor/checks/check"
	"lkdoctor/checks/finding"
	"lkdoctor/config"
)

// Options are what a run was asked to do, apart from the settings.
type Options struct {
	// Only and Skip hold IDs of checks or stages. Only adds what its checks need and use.
	Only, Skip []string
	SkipWhy    Text       // the reason for Skip where it is not the flag
	NoJoin     bool       // join no room
	Watched    bool       // whether the run follows a change of the env files; it joins no room
	DevJoin    bool       // run the fallback alone
	Media      bool       // run the checks that need a published track or a TURN server
	Agent      string     // the agent to call into a room of the doctor's own; "" calls none
	AgentRoom  *AgentRoom // an open stay of the caller's, into which Agent is called; or nil
	ForceJoin  bool       // join although the identity is in the room

	TokenFromStdin bool   // whether the token came through a pipe, unseen by others
	Pasted         Text   // a description of the text in which a pasted token was found
	GivenURL       string // the server's address that came with a pasted token

	// Room and Identity are for the dev token. TTL is its lifetime; 0 is two minutes.
	Room, Identity string
	TTL            time.Duration
	DisplayName    string          // the profile that is sent with a ticket
	TicketPath     string          // the path of the ticket service, with {ticket} in it
	Frontend       string          // the base URL of the app whose token route is asked
	TokenEndpoint  string          // a standard LiveKit token endpoint, asked for the token
	Headers        []config.Header // sent to Frontend and TokenEndpoint, and to no other origin

	Again string // the arguments that repeat this run, without secrets
	// AgainSecret reports whether secrets of the command line must be added to
	// Again: headers, and those that no file or variable holds.
	AgainSecret bool
}

// addHeaders adds the user's headers, which override the program's own.
func (o Options) addHeaders(header http.Header) {
	for _, h := range o.Headers {
		header.Del(h.Name)
	}
	for _, h := range o.Headers {
		header.Add(h.Name, h.Value.Reveal())
	}
}

// DefaultTicketPath is the path at which a ticket is consumed without --ticket-path.
const DefaultTicketPath = "/api/v1/tickets/{ticket}/consume"

// Selection returns the checks that a run with these options selects.
func (o Options) Selection() check.Selection {
	return check.Selection{Only: o.Only, Skip: o.Skip, SkipWhy: o.SkipWhy, LeaveOut: o.leaveOut}
}

// leaveOut returns why the options leave a check out, whatever --only says.
func (o Options) leaveOut(c Spec) Text {
	joins, media := false, false
	switch c.ID {
	case "join.websocket", "join.media", "join.agent", "fallback.join":
		joins = true
	case "join.turn", "join.publish", "join.reconnect":
		joins, media = true, true
	}
	switch {
	case (joins || media) && o.Watched:
		return finding.Textf("not run: no room is joined while the env files are watched")
	case joins && o.NoJoin:
		return finding.Textf("not run: --no-join was given")
	case o.DevJoin && c.Stage != check.StageFallback && c.Stage != check.StageEnv && c.ID != "join.reach":
		return finding.Textf("not run: --dev-join runs the fallback alone")
	case media && !o.Media:
		return finding.Textf("not run: add --media for it")
	}
	return Text{}
}
