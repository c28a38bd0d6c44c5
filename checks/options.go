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
	// SkipWhy is the reason for Skip where it is not the flag.
	SkipWhy Text
	// NoJoin joins no room.
	NoJoin bool
	// Watched reports whether the run follows a change of the env files; it joins no room.
	Watched bool
	// DevJoin runs the fallback alone.
	DevJoin bool
	// Media asks for the checks that need a published track or a TURN server.
	Media bool
	// Agent is the agent to call into a room of the doctor's own; "" calls none.
	Agent string
	// AgentRoom is an open stay of the caller's, into which Agent is called; or nil.
	AgentRoom *AgentRoom
	// ForceJoin joins although the identity is in the room.
	ForceJoin bool

	// TokenFromStdin reports whether the token came through a pipe, unseen by others.
	TokenFromStdin bool

	// Pasted describes the text in which a pasted token was found.
	Pasted finding.Text

	// GivenURL is the server's address that came with a pasted token.
	GivenURL string

	// Room and Identity are for the dev token. TTL is its lifetime; 0 is two minutes.
	Room, Identity string
	TTL            time.Duration
	// DisplayName is the profile that is sent with a ticket.
	DisplayName string
	// TicketPath is the path of the ticket service, with {ticket} in it.
	TicketPath string
	// Frontend is the base URL of the app whose token route is asked.
	Frontend string
	// TokenEndpoint is a standard LiveKit token endpoint, asked for the token.
	TokenEndpoint string
	// Headers are sent to Frontend and TokenEndpoint, and to no other origin.
	Headers []config.Header

	// Again are the arguments that repeat this run, without secrets.
	Again string
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
