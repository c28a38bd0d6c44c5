package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"lkdoctor/checks/check"
	"lkdoctor/checks/room"
)

// joinCommand returns `lkdoctor join`.
func (a *app) joinCommand() *cobra.Command {
	f := &flags{}
	cmd := &cobra.Command{
		Use:   "join",
		Short: helpText("Join a room and stay: who is there, what media goes over, why it ended"),
		Long: helpText(`Join a room and stay in it, until you leave.

The token is looked for as the checks look for it: --token, a ticket, the front
end or a token endpoint; a ticket is consumed once, and only if one was given.
Without any of them a development token is made with the key and secret here,
for a room and identity of its own (lkdoctor-xxxxxxxx) unless -r and -i say
otherwise; --dev-join does so in any case.

On a terminal this is a screen with keys: publish a test tone or a test pattern,
mute, write messages, simulate a reconnect, copy a token, show a link or its QR
code, join again. A join that fails is explained on the doctor's screen.
Elsewhere each event but rtt, stats and speaking is a line; with --json each is
a JSON document, one a line: type, at, text, and what the type brings along. The
types are prepared, joining, joined, media, participant_joined,
participant_left, participant_changed, track_published, track_unpublished,
track_muted, track_unmuted, track_received, speaking, quality, room_changed,
path, rtt, stats, data, data_sent, reconnecting, reconnected, agent_called,
agent_came, problem and, always the last one, ended.

--agent calls an agent into the room, with the key and secret here, and says when
it has come or why it has not; the call is taken back before the room is left.

Exit codes: 0 left as planned, 1 could not join or was thrown out, 2 usage or
doctor error, 130 interrupted before --for was over.`),
		Example: helpText(`  lkdoctor join                   a room of your own, with a token made here
  lkdoctor join -r demo -i me --publish tone,pattern
  lkdoctor join --agent helper    call this agent, and see and hear it
  lkdoctor join --ticket tkt_…    trade the ticket and join with its token
  lkdoctor join --json --for 10s | jq -c 'select(.type == "path")'`),
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := f.validateJoin(); err != nil {
				return usageError{err}
			}
			a.code = a.join(cmd.Context(), f)
			return nil
		},
	}
	f.add(cmd, settingNames, sourceNames, lookNames, "for publish open json plain no-mouse timeout")
	describe(cmd, map[string]string{
		"display-name": helpText("`name` to send along with the ticket, or of the dev token"),
		"agent":        helpText("call the agent of this `name` into the room, and take the call back in the end; an agent may cost money"),
		"dev-join":     helpText("join with a token made here, whatever else is configured"),
		"json":         helpText("a JSON document for each event, one a line"),
		"plain":        helpText("a line of text for each event, even on a terminal (ACCESSIBLE)"),
		"timeout":      helpText("`time` for fetching and checking the token"),
	})
	return cmd
}

func (f *flags) validateJoin() error {
	if f.stay < 0 {
		return errors.New("--for must not be negative")
	}
	for _, name := range f.publish {
		if c := room.Clip(name); c != room.Tone && c != room.Pattern {
			return fmt.Errorf("--publish %q is neither tone nor pattern", name)
		}
	}
	return f.validate(nil)
}

// join joins and stays in a room, shows it in the face for the surroundings, and returns
// the exit code.
func (a *app) join(parent context.Context, f *flags) int {
	ctx, stop := a.untilStopped(parent)
	defer stop()
	limited, cancel := f.limited(ctx)
	defer cancel()
	v := &joinCall{app: a, flags: f, face: a.face(f)}
	var err error
	if v.exam, err = a.ready(limited, f); err != nil {
		return v.notBegun(err)
	}
	v.exam.warnInClear()
	if code, ready := v.prepare(ctx); !ready {
		return code
	}
	if f.open {
		if _, err := a.open(v.link()); err != nil {
			a.complain("the browser was not opened: ", err)
		}
	}
	if v.face == faceTUI {
		return v.tui(ctx)
	}
	return v.stream(ctx)
}

// notBegun ends a call that could not begin, and returns the exit code.
func (v *joinCall) notBegun(err error) int {
	text := v.app.line(err.Error(), 300)
	v.app.complain("", err)
	if v.face == faceJSON {
		_ = v.print(v.ended(plainText(text), room.NotJoined))
	}
	if errors.Is(err, errInterrupted) {
		return check.ExitInterrupted
	}
	return check.ExitDoctor
}

// clips returns what --publish names.
func (f *flags) clips() []room.Sending {
	var list []room.Sending
	for _, name := range f.publish {
		list = append(list, room.Sending{Clip: room.Clip(strings.TrimSpace(name))})
	}
	return list
}
