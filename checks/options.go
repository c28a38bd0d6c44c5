package checks

import (
	"net/http"

	"lkdoctor/checks/check"
	"lkdoctor/checks/finding"
	"lkdoctor/config"
)

// Options are what a run was asked to do, apart from the settings.
type Options struct {
	// Only and Skip hold check or stage IDs. Only brings along what its checks
	// need and use.
	Only, Skip []string
	// SkipWhy is why those of Skip are left out, where that is not by the flag.
	SkipWhy Text
	// NoJoin leaves every room alone: nothing is joined.
	NoJoin bool
	// Watched tells that the run follows a change of the env files; it joins no
	// room either.
	Watched bool
	// DevJoin runs the fallback alone.
	DevJoin bool
	// Media asks for the checks that need a published track or a TURN server.
	Media bool
	// Agent is the agent to call into a room of the doctor's own; "" calls none.
	Agent string
	// AgentRoom is a stay of the caller's own to call it into instead; nil is none.
	AgentRoom *AgentRoom
	// ForceJoin joins although the identity is in the room already.
	ForceJoin bool

	// TokenFromStdin says that the token came through a pipe, which no other user
	// of the machine sees.
	TokenFromStdin bool

	// Pasted says what the token was found in, when it was pasted with something
	// around it.
	Pasted finding.Text

	// GivenURL is the server's address that came with a token that was pasted.
	GivenURL string

	// Room and Identity are for the dev token.
	Room, Identity string
	// DisplayName is the profile sent along with a ticket.
	DisplayName string
	// TicketPath is the path of the ticket service, with {ticket} in it.
	TicketPath string
	// Frontend is the base URL of the app whose route is to be asked.
	Frontend string
	// TokenEndpoint is a standard LiveKit token endpoint, asked instead of a
	// ticket service.
	TokenEndpoint string
	// Headers are sent along to Frontend and TokenEndpoint, to no other origin.
	Headers []config.Header

	// Again are the arguments that make lkdoctor look at the same thing once
	// more, for commands that are printed. They hold no secret.
	Again string
	// AgainSecret says that secrets of the command line have to be given again
	// with it: headers, and those that no file or variable holds.
	AgainSecret bool
}

// addHeaders adds the headers that were given for the front end or the token
// endpoint. They win over the program's own.
func (o Options) addHeaders(header http.Header) {
	for _, h := range o.Headers {
		header.Del(h.Name)
	}
	for _, h := range o.Headers {
		header.Add(h.Name, h.Value.Reveal())
	}
}

// DefaultTicketPath is where a ticket is consumed unless --ticket-path says
// otherwise.
const DefaultTicketPath = "/api/v1/tickets/{ticket}/consume"

// Selection says which checks a run with these options is to do.
func (o Options) Selection() check.Selection {
	return check.Selection{Only: o.Only, Skip: o.Skip, SkipWhy: o.SkipWhy, LeaveOut: o.leaveOut}
}

// leaveOut says why --no-join, --dev-join or the absence of --media leave a
// check out, whatever --only says.
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
