// Package checks is the doctor itself: the checks of each stage, and Do, which
// runs them against a Case and draws the conclusion. It touches the network through
// Case.Net only, reads no environment variable itself, and writes no file. Do leaves
// every room and closes every connection of its run.
//
// A new check is a file named stage_subject.go with one method of Case, a row in
// table, a page in checks/catalogue for each code that it can report, the Chinese
// words of its messages in checks/i18n/zh.json, and a fault of the lab that leads
// to it.
package checks

import (
	"context"
	"strings"
	"time"

	"lkdoctor/checks/check"
	"lkdoctor/checks/finding"
)

// The words of the model, which every check uses.
type (
	// Check is one question with a stable ID.
	Check = check.Check
	// Spec is what is known of a check before it runs.
	Spec = check.Spec
	// Report is the result of a check.
	Report = check.Report
	// Ended are the results that a check declared it reads.
	Ended = check.Ended
	// Outcome is one line on what a check saw.
	Outcome = check.Outcome
	// Code names one kind of finding.
	Code = finding.Code
	// Finding is one problem or remark of this run.
	Finding = finding.Finding
	// Facts are measured details.
	Facts = finding.Facts
	// Owner is the party that must act.
	Owner = finding.Owner
	// Text is a translatable sentence.
	Text = finding.Text
)

// described is a check's Spec, without its stage, and the method that runs it.
type described struct {
	run func(c *Case, ctx context.Context, ended Ended) Report
	Spec
}

// table lists every check in the order shown. A check's stage is the first part of its ID.
// A new check is a row here.
func table() []described {
	return []described{
		{(*Case).envFiles, Spec{ID: "env.files", Short: finding.Textf("env files"),
			Timeout: 20 * time.Second, // fingerprints take half a second each
			Title:   finding.Textf("The env files can be read, and nothing hides a value by accident"),
			Lacks:   finding.Textf("no env files were read")}},
		{(*Case).envLiveKit, Spec{ID: "env.livekit", Timeout: time.Second, Short: finding.Textf("LiveKit settings"),
			Title: finding.Textf("LIVEKIT_URL, key and secret are present and well formed"),
			Lacks: finding.Textf("LiveKit settings are missing")}},
		{(*Case).envTicket, Spec{ID: "env.ticket", Timeout: time.Second, Short: finding.Textf("ticket settings"),
			Title: finding.Textf("The ticket service's address is present and well formed"),
			Lacks: finding.Textf("the service's address is unusable")}},
		{(*Case).envExposure, Spec{ID: "env.exposure", Timeout: time.Second, Short: finding.Textf("exposed secrets"),
			Title: finding.Textf("No secret reaches the browser or other users")}},
		{(*Case).ticketReach, Spec{ID: "ticket.reach", Timeout: 12 * time.Second, Short: finding.Textf("connecting"),
			Title: finding.Textf("The ticket service answers"), Lacks: finding.Textf("the service did not answer"),
			Uses: []string{"env.ticket"}}},
		{(*Case).ticketConsume, Spec{ID: "ticket.consume", Timeout: 50 * time.Second, Short: finding.Textf("trading the ticket"),
			Title: finding.Textf("The ticket service trades the ticket for a token, room and URL"),
			Lacks: finding.Textf("the service gave no token"), Uses: []string{"ticket.reach"}}}, // a token endpoint is asked without it
		{(*Case).ticketFrontend, Spec{ID: "ticket.frontend", Timeout: 50 * time.Second, Short: finding.Textf("asking the app"),
			Title: finding.Textf("The app's /api/connection-details answers"), Lacks: finding.Textf("the app gave no token"),
			Uses: []string{"env.ticket"}}},
		{(*Case).tokenFormat, Spec{ID: "token.format", Timeout: 2 * time.Second, Short: finding.Textf("its form"),
			Title: finding.Textf("The token is a JWT"), Lacks: finding.Textf("no readable token"),
			Uses: []string{"ticket.reach", "ticket.consume", "ticket.frontend"}}},
		{(*Case).tokenClaims, Spec{ID: "token.claims", Timeout: 2 * time.Second, Short: finding.Textf("its claims"),
			Title: finding.Textf("The token's claims let somebody join a room"), Needs: []string{"token.format"}}},
		{(*Case).tokenTime, Spec{ID: "token.time", Timeout: 2 * time.Second, Short: finding.Textf("its times"),
			Title: finding.Textf("The token is valid now, and the clocks agree"), Needs: []string{"token.format"},
			Uses: []string{"join.reach", "ticket.consume", "ticket.frontend"}}},
		{(*Case).signatureLocal, Spec{ID: "signature.local", Timeout: 2 * time.Second, Short: finding.Textf("the secret here"),
			Title: finding.Textf("The token is signed with the secret configured here"), Needs: []string{"token.format"}}},
		{(*Case).signatureServer, Spec{ID: "signature.server", Timeout: 8 * time.Second, Short: finding.Textf("asking the LiveKit server"),
			Title: finding.Textf("The LiveKit server accepts the token"), Lacks: finding.Textf("the token was not accepted"),
			Needs: []string{"token.format"}, Uses: []string{"signature.local", "join.reach", "env.livekit", "token.claims", "token.time",
				"ticket.consume", "ticket.frontend"}}},
		{(*Case).joinReach, Spec{ID: "join.reach", Timeout: 14 * time.Second, Short: finding.Textf("connecting"),
			Title: finding.Textf("The LiveKit server answers at LIVEKIT_URL"), Lacks: finding.Textf("LiveKit did not answer"),
			Uses: []string{"env.livekit"}}},
		{(*Case).joinWebSocket, Spec{ID: "join.websocket", Timeout: 12 * time.Second, Short: finding.Textf("the WebSocket"),
			Title: finding.Textf("The WebSocket opens, and the server answers Join"), Lacks: finding.Textf("no room was joined"),
			Needs: []string{"signature.server"},
			Uses:  []string{"token.format", "token.claims", "token.time", "ticket.consume", "ticket.frontend", "join.reach"}}},
		{(*Case).joinMedia, Spec{ID: "join.media", Timeout: 20 * time.Second, Short: finding.Textf("media"),
			Title: finding.Textf("ICE and DTLS connect"), Lacks: finding.Textf("media did not connect"),
			Needs: []string{"join.websocket"}, Uses: []string{"token.format"}}},
		{(*Case).joinBrowser, Spec{ID: "join.browser", Timeout: 10 * time.Second, Short: finding.Textf("browsers"),
			Title: finding.Textf("A browser gets in too"), Also: finding.Textf("browsers"),
			Uses: append(ownJoinUses(), "token.format")}},
		{(*Case).joinAgent, Spec{ID: "join.agent", Timeout: 25 * time.Second, Short: finding.Textf("the agent"),
			Title: finding.Textf("The agent that was asked for comes"), Also: finding.Textf("agent"),
			Uses: append(ownJoinUses(), "token.format", "token.claims")}},
		{(*Case).joinAPI, Spec{ID: "join.api", Timeout: 8 * time.Second, Short: finding.Textf("the server API"),
			Title: finding.Textf("The server API answers"), Also: finding.Textf("API"),
			Uses: []string{"env.livekit", "join.reach", "signature.server", "ticket.consume", "ticket.frontend"}}},
		{(*Case).joinTurn, Spec{ID: "join.turn", Timeout: 14 * time.Second, Short: finding.Textf("TURN"),
			Title: finding.Textf("The TURN servers that the server hands out relay media"), Also: finding.Textf("TURN"),
			Uses: ownJoinUses()}},
		{(*Case).joinPublish, Spec{ID: "join.publish", Timeout: 20 * time.Second, Short: finding.Textf("publishing"),
			Title: finding.Textf("Published audio and video reach another participant"), Also: finding.Textf("publishing"),
			Uses: ownJoinUses()}},
		{(*Case).joinReconnect, Spec{ID: "join.reconnect", Timeout: 34 * time.Second, Short: finding.Textf("a reconnect"),
			Title: finding.Textf("A session resumes after its WebSocket was cut"), Also: finding.Textf("reconnecting"),
			Uses: ownJoinUses()}},
		{(*Case).fallbackMint, Spec{ID: "fallback.mint", Timeout: 8 * time.Second, Short: finding.Textf("making the token"),
			Title: finding.Textf("A local development token can be made"), Lacks: finding.Textf("no dev token was made"),
			Uses: []string{"env.livekit", "signature.server", "join.reach", "join.websocket", "join.media"}}},
		{(*Case).fallbackJoin, Spec{ID: "fallback.join", Timeout: 25 * time.Second, Short: finding.Textf("joining with it"),
			Title: finding.Textf("The local development token joins a room"),
			Lacks: finding.Textf("the dev token joined no room"), Needs: []string{"fallback.mint"},
			Uses: []string{"env.livekit", "join.reach", "join.websocket"}}},
	}
}

// All returns every check of c in the order shown. A nil c gives checks that are only
// described, not run. Each check gets c as seen by its Spec.
func All(c *Case) []Check {
	var list []Check
	for _, row := range table() {
		spec, view := row.Spec, &Case{}
		stage, _, _ := strings.Cut(spec.ID, ".")
		spec.Stage = check.Stage(stage)
		if c != nil {
			c.products()
			if spec.ID == "join.reach" && c.Settings.URL.Secret.Empty() && c.takesAddress() {
				spec.Uses = append(spec.Uses, "ticket.consume", "ticket.frontend")
			}
			*view = *c
			view.reader = &spec
		}
		list = append(list, Check{Spec: spec, Run: func(ctx context.Context, ended Ended) Report { return row.run(view, ctx, ended) }})
	}
	return list
}

// Specs describes every check, in the order shown.
func Specs() []Spec { return check.Specs(All(nil)) }
