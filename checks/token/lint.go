package token

import (
	"encoding/json"
	"slices"
	"strings"

	"lkdoctor/checks/answer"
	"lkdoctor/checks/finding"
	"lkdoctor/checks/placeholder"
	"lkdoctor/config/clean"
)

// The limits of a livekit-server with its default configuration, in bytes
// (config.go of 1.13.5, LimitConfig); a length equal to the limit passes.
const (
	MaxRoomName     = 256
	MaxIdentity     = 256
	MaxMetadata     = 512 << 10
	MaxAttributes   = 64 << 10
	MaxRequestLine  = 8 << 10 // the usual limit of a proxy for one header line, as nginx's
	joinRequest     = 2500    // bytes of a browser's join request without the token (probe.JoinRequestLength)
	maxShownClaim   = 80
	maxShownAgents  = 10
	maxLintedFields = 200
)

// Lint judges the claims of a decoded token by the rules of livekit-server 1.13.5 (the
// codes of check token.claims). Of a wrapped token it judges the inner one.
func Lint(t *Token) []finding.Finding {
	t = t.Effective()
	if !t.Decoded {
		return nil
	}
	return slices.Concat(t.lintIssuer(), t.lintTypes(), t.lintVideo(), t.lintIdentity(), t.lintNamesFilled(), t.lintOddities(),
		t.lintAgents(), t.lintLimits(), t.lintPermissions())
}

// NamesKey reports whether the issuer is neither blank nor a text for a missing one.
func (t *Token) NamesKey() bool {
	iss := answer.TrimHidden(t.Effective().Claims.Issuer)
	_, unfilled := placeholder.In(iss)
	return iss != "" && !unfilled
}

func (t *Token) lintIssuer() []finding.Finding {
	iss := t.Claims.Issuer
	trimmed := answer.TrimHidden(iss)
	if trimmed == "" {
		if !isText(rawOf(t.members, "iss")) {
			return nil
		}
		return []finding.Finding{finding.New(finding.TokenNoIssuer, finding.Fail,
			"the token names no API key: its iss claim is missing or blank; the variable with the API key is "+
				"probably not set where the token is made").
			As("missing").With("present", t.hasClaim("iss"))}
	}
	if f, is := placeholder.In(trimmed); is {
		return []finding.Finding{unfilled("iss", f, finding.Fail)}
	}
	if trimmed != iss {
		return []finding.Finding{finding.New(finding.TokenClaimType, finding.Fail,
			"the token's API key (iss) is “%s”, with blanks or invisible characters at its ends; the server looks "+
				"it up exactly as it stands", clean.Line(iss, maxShownClaim)).
			With("path", "iss").With("iss", clean.Line(iss, maxShownClaim)).As("key-blanks")}
	}
	return nil
}

// lintNamesFilled reports names that are the text of a missing value, or a reference
// that was not replaced. Servers accept them.
func (t *Token) lintNamesFilled() []finding.Finding {
	last := func(name string) (text string) {
		_ = json.Unmarshal(rawOf(t.members, name), &text)
		return text
	}
	var found []finding.Finding
	for _, n := range []struct{ path, value string }{
		{"sub", t.Identity()}, {"video.room", t.Room()}, {"name", last("name")}, {"metadata", last("metadata")},
	} {
		look := placeholder.InClaim
		if n.path == "metadata" { // free text
			look = placeholder.In
		}
		if f, is := look(n.value); is && (f.Kind != placeholder.Template || n.path != "metadata") {
			found = append(found, unfilled(n.path, f, finding.Warn))
		}
	}
	return found
}

func unfilled(path string, f placeholder.Found, severity finding.Severity) finding.Finding {
	variant := string(f.Kind)
	if f.Kind == placeholder.Template || f.Kind == placeholder.Masked {
		variant = string(placeholder.Reference)
	}
	if f.Kind == placeholder.Missing && path == "iss" {
		variant = "missing-key"
	}
	text := clean.Line(f.Text, maxShownClaim)
	format := "the token's %s holds “%s”, a text that stands for a value, and no value"
	switch f.Kind {
	case placeholder.Missing:
		format = "the token's %s holds “%s”, the word that a missing value becomes"
	case placeholder.Object:
		format = "the token's %s holds “%s”: an object was made into text"
	}
	return finding.New(finding.TokenPlaceholder, severity, format, path, text).As(variant).With("path", path).With("text", text)
}

func (t *Token) lintVideo() []finding.Finding {
	raw := rawOf(t.members, "video")
	if shape := answer.ShapeOf(raw); shape != answer.ShapeObject && shape != answer.ShapeNull {
		return nil // TOKEN_CLAIM_TYPE says so
	}
	found := t.lintNames(raw)
	video := t.Claims.Video
	if video == nil {
		return append(found, t.noVideo())
	}
	if !video.RoomJoin && !wrongType(raw, "roomJoin") {
		found = append(found, finding.New(finding.TokenNoRoomJoin, finding.Fail,
			"the token does not allow joining a room: video.roomJoin is not true").
			With("room", clean.Line(video.Room, maxShownClaim)))
	}
	if video.Room == "" && !wrongType(raw, "room") {
		found = append(found, finding.New(finding.TokenNoRoom, finding.Fail,
			"the token names no room: video.room is missing or empty"))
	}
	return found
}

// wrongType reports whether TOKEN_CLAIM_TYPE reports the type of a member.
func wrongType(object []byte, name string) bool {
	return slices.ContainsFunc(videoFields, func(f field) bool {
		return f.name == name && len(lintTypes(Members(object), []field{f}, "")) > 0
	})
}

func (t *Token) noVideo() finding.Finding {
	for _, m := range t.members {
		for _, f := range videoFields[:2] {
			if normal(m.Name) == strings.ToLower(f.name) {
				return finding.New(finding.TokenNoVideo, finding.Fail,
					"the token has no video claim: its grants (%s) stand at the top level; they belong inside \"video\"",
					clean.Line(m.Name, 40)).
					With("found_at", clean.Line(m.Name, 40)).As("elsewhere")
			}
		}
		for _, inner := range Members(m.Value) {
			if n := normal(inner.Name); n == "roomjoin" || n == "video" || n == "canpublish" {
				return finding.New(finding.TokenNoVideo, finding.Fail,
					"the token has no video claim: its grants stand under %s; they belong under \"video\" at the top level",
					clean.Line(m.Name, 40)).
					With("found_at", clean.Line(m.Name, 40)+"."+clean.Line(inner.Name, 40)).As("elsewhere")
			}
		}
	}
	return finding.New(finding.TokenNoVideo, finding.Fail,
		"the token has no video claim, so it allows nothing: a server answers it as if no token had come").
		With("found_at", "").As("missing")
}

func (t *Token) lintIdentity() []finding.Finding {
	if t.Identity() != "" {
		return nil
	}
	if !isText(rawOf(t.members, "sub")) || !isText(rawOf(t.members, "jti")) {
		return nil
	}
	if t.hasClaim("identity") {
		return []finding.Finding{finding.New(finding.TokenNoIdentity, finding.Fail,
			"the token names no participant: it has an identity claim, but servers read sub, and sub is missing or empty").
			With("identity_claim", true).As("identity-claim")}
	}
	return []finding.Finding{finding.New(finding.TokenNoIdentity, finding.Fail,
		"the token names no participant: its sub claim (the identity) is missing or empty").
		With("identity_claim", false).As("empty")}
}

func (t *Token) lintLimits() []finding.Finding {
	var found []finding.Finding
	over := func(variant, what string, bytes, limit int) {
		if bytes > limit {
			found = append(found, finding.New(finding.TokenLimits, finding.Fail,
				"%s has %d bytes; a LiveKit server takes %d unless it is configured otherwise", what, bytes, limit).
				With("path", what).With("bytes", bytes).With("limit", limit).As(variant))
		}
	}
	over("room", "video.room", len(t.Room()), MaxRoomName)
	over("identity", "sub", len(t.Identity()), MaxIdentity)
	over("metadata", "metadata", t.Claims.MetadataBytes, MaxMetadata)
	over("attributes", "attributes", t.Claims.AttributesBytes, MaxAttributes)
	if n := len(t.Reveal()); n > MaxRequestLine-joinRequest && len(found) == 0 {
		found = append(found, finding.New(finding.TokenLimits, finding.Warn,
			"the token is %d bytes long; browsers send it in the address of the WebSocket, together with a join "+
				"request of %d, and many proxies refuse an address over %d bytes", n, joinRequest, MaxRequestLine).
			With("path", "").With("bytes", n).With("limit", MaxRequestLine).As("whole-token"))
	}
	return found
}

func (t *Token) lintPermissions() []finding.Finding {
	v := t.Claims.Video
	if v == nil {
		return nil
	}
	var found []finding.Finding
	if v.RoomJoin && !v.GetCanPublish() {
		found = append(found, finding.New(finding.TokenCannotPublish, finding.Info,
			"with this token a participant can publish nothing: canPublish is false"))
	}
	if v.RoomJoin && !v.GetCanSubscribe() {
		found = append(found, finding.New(finding.TokenCannotSubscribe, finding.Info,
			"with this token a participant receives nothing: canSubscribe is false"))
	}
	if n := len(t.Claims.Agents); n > 0 {
		var agents, named []string
		for _, a := range t.Claims.Agents[:min(n, maxShownAgents)] {
			agents = append(agents, clean.Line(a, 40))
			if a != "" {
				named = append(named, clean.Line(a, 40))
			}
		}
		f := finding.New(finding.TokenDispatchesAgent, finding.Info,
			"the first to join with this token starts %d agent(s) in the room: %s", n, strings.Join(named, ", "))
		switch unnamed := len(agents) - len(named); {
		case len(named) == 0:
			f.Message = finding.Textf("the first to join with this token starts %d agent(s) without a name in the "+
				"room: roomConfig.agents[].agentName is missing or empty", n)
		case unnamed > 0:
			f.Message = finding.Textf("%s, and %d without agentName", f.Message, unnamed)
		}
		found = append(found, f.With("agents", agents))
	}
	var broad []string
	for _, g := range []struct {
		set  bool
		name string
	}{
		{v.RoomAdmin, "roomAdmin"}, {v.RoomCreate && !v.RoomJoin, "roomCreate"}, {v.RoomList, "roomList"}, {v.RoomRecord, "roomRecord"},
		{v.IngressAdmin, "ingressAdmin"}, {v.Recorder, "recorder"}, {v.Agent, "agent"},
	} {
		if g.set {
			broad = append(broad, g.name)
		}
	}
	if len(broad) > 0 {
		found = append(found, finding.New(finding.TokenBroad, finding.Warn,
			"the token allows more than a participant needs (%s): whoever holds it can use those rights too", strings.Join(broad, ", ")).
			With("grants", broad).As("api-rights"))
	}
	if v.RoomCreate && v.RoomJoin {
		// A server with auto_create: false requires roomCreate of the first participant.
		found = append(found, finding.New(finding.TokenBroad, finding.Info,
			"the token lets its holder create rooms (roomCreate); a server that creates no rooms on joining needs that; others do not").
			With("grants", []string{"roomCreate"}).As("room-create"))
	}
	return found
}
