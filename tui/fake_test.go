package tui

import (
	"time"

	"lkdoctor/checks/catalogue"
	"lkdoctor/checks/check"
	"lkdoctor/checks/finding"
)

// plan returns checks with IDs and titles like the real ones.
func plan() []check.Spec {
	spec := func(id string, stage check.Stage, title string) check.Spec {
		return check.Spec{ID: id, Stage: stage, Title: finding.Textf("%s", title)}
	}
	return []check.Spec{
		spec("env.files", check.StageEnv, "The env files can be read"),
		spec("env.livekit", check.StageEnv, "LIVEKIT_URL, key and secret are well formed"),
		spec("ticket.reach", check.StageTicket, "The ticket service answers"),
		spec("ticket.consume", check.StageTicket, "It trades the ticket for a token, room and URL"),
		spec("token.format", check.StageToken, "The token is a JWT"),
		spec("token.claims", check.StageToken, "Its claims let somebody join a room"),
		spec("signature.local", check.StageSignature, "The token is signed with the secret configured here"),
		spec("join.reach", check.StageJoin, "The LiveKit server answers"),
		spec("join.websocket", check.StageJoin, "The WebSocket opens, and the server answers Join"),
		spec("fallback.mint", check.StageFallback, "A local development token can be made"),
		spec("fallback.join", check.StageFallback, "It joins a room"),
	}
}

func planned(id string) check.Spec {
	for _, c := range plan() {
		if c.ID == id {
			return c
		}
	}
	return check.Spec{ID: id}
}

// passed returns the result of a check that passed, with text as its outcome, if any.
func passed(id string, ms int, text string) check.Result {
	r := check.Result{Check: planned(id), Status: check.StatusPass, Took: time.Duration(ms) * time.Millisecond}
	if text != "" {
		r.Outcome.Text = finding.Textf(text)
	}
	return r
}

func blocked(id, by string) check.Result {
	return check.Result{Check: planned(id), Status: check.StatusSkip, Skip: &check.Skip{
		Reason: check.Blocked, By: by, Text: finding.Textf("not run: %s", finding.Textf("no readable token")),
	}}
}

func opaqueToken() finding.Finding {
	f := finding.New(finding.TokenOpaque, finding.Fail,
		"the ticket service returned %d characters that start with %q and have no dots; a JWT has three parts: header.payload.signature", 51, "lk_demo_")
	f = f.With("length", 51).With("prefix", "lk_demo_").With("dots", 0)
	f.Fixes = []finding.Fix{{Text: finding.Textf("Mint the token with a LiveKit server SDK in the ticket service, with the LiveKit server's own key and secret.")}}
	f.Fixes[0].Code = []finding.Block{
		{Lang: "python", Text: "from livekit import api\n\ntoken = (\n\tapi.AccessToken(key, secret)\n\t.to_jwt()\n)\n"},
		{Lang: "node", Text: "const token = await at.toJwt();\n"},
		{Lang: "go", Text: "jwt, err := at.ToJWT()\n"},
	}
	return f
}

// opaqueRun returns a run in which the ticket service returned an opaque token.
func opaqueRun() check.Run {
	env := passed("env.livekit", 1, "5 settings from .env.local, .env")
	env.Outcome.Facts = check.Facts{"LIVEKIT_URL": "wss://demo.example.com", "files": []string{".env.local", ".env"}}
	return finished(check.Run{
		Results: []check.Result{
			passed("env.files", 0, ""), env,
			passed("ticket.reach", 3, ""),
			passed("ticket.consume", 28, "traded tkt_e26… for a token at 10.0.0.7:8000"),
			{Check: planned("token.format"), Status: check.StatusFail, Findings: []check.Finding{opaqueToken()}},
			blocked("token.claims", "token.format"),
			blocked("signature.local", "token.format"),
			passed("join.reach", 12, "the server itself answers"),
			blocked("join.websocket", "token.format"),
			passed("fallback.mint", 0, ""),
			passed("fallback.join", 24, "joined lkdoctor-7f3a9c21 over udp, 24 ms"),
		},
		Status: check.StatusFail, ExitCode: check.ExitFailed, TicketSpent: true,
		Diagnosis: check.Diagnosis{
			Owner:     finding.OwnerTicketService,
			RootCause: &check.Cause{Check: "token.format", Code: finding.TokenOpaque},
			Summary:   finding.Textf("The token is not a JWT. Fix it in the ticket service. It is not your settings."),
			Broke:     finding.Textf("The ticket service returned something that is not a LiveKit token."),
			FixIn:     finding.Textf("the ticket service: http://10.0.0.7:8000"),
			NotIt:     finding.Textf("your settings, the LiveKit server or the network (a token made on this machine joined that server in 24 ms)"),
			Cleared:   []check.Owner{finding.OwnerConfig, finding.OwnerLiveKitServer, finding.OwnerNetwork},
			NextSteps: opaqueToken().Fixes,
		},
	})
}

// goodRun returns a run without failures.
func goodRun() check.Run {
	return finished(check.Run{
		Results: []check.Result{
			passed("env.files", 0, ""),
			passed("env.livekit", 1, "5 settings from .env.local, .env"),
			passed("ticket.reach", 3, ""),
			passed("ticket.consume", 28, "traded tkt_e26… for a token at 10.0.0.7:8000"),
			passed("token.format", 0, ""),
			passed("token.claims", 0, "may join support-42, publish and subscribe"),
			passed("signature.local", 0, "signed with the secret configured here"),
			passed("join.reach", 12, ""),
			passed("join.websocket", 1240, "joined support-42 over udp"),
			passed("fallback.mint", 0, ""),
			{Check: planned("fallback.join"), Status: check.StatusSkip, Skip: &check.Skip{
				Reason: check.NotApplicable, Text: finding.Textf("not run: the real token joined"),
			}},
		},
		Status: check.StatusPass,
		Diagnosis: check.Diagnosis{
			Owner:   finding.OwnerNone,
			Summary: finding.Textf("Everything works: the token got in, and media connects."),
			Cleared: []check.Owner{
				finding.OwnerConfig, finding.OwnerTicketService, finding.OwnerLiveKitServer, finding.OwnerNetwork, finding.OwnerClock,
			},
		},
	})
}

func finished(run check.Run) check.Run {
	run.StartedAt = time.Date(2026, 11, 23, 7, 15, 0, 0, time.UTC)
	run.Took = 70 * time.Millisecond
	return run
}

// fakePage is a page for the opaque token, so that the prose of the real one does not
// change the goldens.
func fakePage(code check.Code) (catalogue.Page, bool) {
	if code != finding.TokenOpaque {
		return catalogue.Page{}, false
	}
	return catalogue.Page{
		Code: code, Title: "The token is not a JWT",
		Means: "LiveKit accepts one kind of token only: a JWT, which is three texts joined by dots.",
		Why:   "The service invented a token of its own.\n\n- It returns a session ID.\n- It returns a placeholder from a test.",
		Confirm: catalogue.Confirm{
			Text:      "Count the dots of the token.",
			Command:   `printf %s "$TOKEN" | tr -cd . | wc -c`,
			Prints:    "0",
			Variables: []catalogue.Variable{{Name: "TOKEN", Text: "the token that the service returned"}},
		},
	}, true
}
