package checks

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"lkdoctor/checks/finding"
	"lkdoctor/config"
)

// Options are what a run was asked to do, apart from the settings.
type Options struct {
	// Only and Skip hold check or stage IDs. Only brings what its checks need.
	Only, Skip []string
	// NoJoin leaves every room alone: nothing is joined.
	NoJoin bool
	// DevJoin runs the fallback alone.
	DevJoin bool
	// Media asks for the checks that need a published track or a TURN server.
	Media bool
	// ForceJoin joins although the identity is in the room already.
	ForceJoin bool

	// TokenFromStdin tells that the token came through a pipe, which no other
	// user of the machine sees.
	TokenFromStdin bool

	// Pasted says what the token was found in, when it was pasted with something
	// around it.
	Pasted finding.Text

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

// ErrTimeout is the cause of a context that the run's own --timeout ended.
var ErrTimeout = errors.New("the time given to the run is over")

// Validate reports the first ID in Only or Skip that names neither a check nor
// a stage.
func (o Options) Validate(list []Check) error {
	for _, id := range append(slices.Clone(o.Only), o.Skip...) {
		if !slices.ContainsFunc(list, func(c Check) bool { return c.matches(id) }) {
			return fmt.Errorf("%q is neither a check nor a stage (known: %s)", id, strings.Join(ids(list), ", "))
		}
	}
	return nil
}

func ids(list []Check) []string {
	out := make([]string, len(list))
	for i, c := range list {
		out[i] = c.ID
	}
	return out
}

func (c Check) matches(id string) bool { return c.ID == id || string(c.Stage) == id }

// selects tells which checks of list this run is to do.
func (o Options) selects(list []Check) map[string]bool {
	chosen := make(map[string]bool, len(list))
	for _, c := range list {
		chosen[c.ID] = o.wants(c)
	}
	if len(o.Only) > 0 {
		for _, c := range list {
			if chosen[c.ID] {
				o.bring(list, c, chosen)
			}
		}
	}
	for _, c := range list {
		if slices.ContainsFunc(o.Skip, c.matches) {
			chosen[c.ID] = false
		}
	}
	return chosen
}

// bring selects what c needs, and what that needs in turn.
func (o Options) bring(list []Check, c Check, chosen map[string]bool) {
	for _, need := range c.Needs {
		for _, other := range list {
			if other.ID == need && !chosen[need] && !o.excludes(other) {
				chosen[need] = true
				o.bring(list, other, chosen)
			}
		}
	}
}

func (o Options) wants(c Check) bool {
	if o.excludes(c) {
		return false
	}
	if len(o.Only) > 0 {
		return slices.ContainsFunc(o.Only, c.matches)
	}
	return true
}

// excludes holds what --no-join, --dev-join and the absence of --media leave
// out, whatever --only says.
func (o Options) excludes(c Check) bool {
	switch c.ID {
	case "join.websocket", "join.media", "fallback.join":
		if o.NoJoin {
			return true
		}
	case "join.turn", "join.publish", "join.reconnect":
		if o.NoJoin || !o.Media {
			return true
		}
	}
	if !o.DevJoin {
		return false
	}
	return c.Stage != StageFallback && c.Stage != StageEnv && c.ID != "join.reach"
}

// notRequested says why a check was left out, naming the flag that would bring
// it in.
func (o Options) notRequested(c Check) Text {
	switch {
	case o.NoJoin && o.excludes(c):
		return finding.Textf("not run: --no-join was given")
	case o.DevJoin && o.excludes(c):
		return finding.Textf("not run: --dev-join runs the fallback alone")
	case o.excludes(c):
		return finding.Textf("not run: add --media for it")
	case slices.ContainsFunc(o.Skip, c.matches):
		return finding.Textf("not run: left out by --skip")
	}
	return finding.Textf("not run: not among --only")
}
