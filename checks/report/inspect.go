package report

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"lkdoctor/checks/check"
	"lkdoctor/checks/finding"
	"lkdoctor/checks/progress"
)

// Inspection is the result of examining a token offline.
type Inspection struct {
	// Decoded is set if Header and Claims are set, as indented JSON.
	Decoded        bool
	Header, Claims string
	// Length is the token's, in characters.
	Length int
	// Identity and Room are cleaned.
	Identity, Room string
	// Grants is nil for a token without a video claim.
	Grants                         *Grants
	IssuedAt, NotBefore, ExpiresAt *time.Time
	// Pasted says what the token was found in, if pasted inside other text.
	Pasted finding.Text
	// Signature is "verified", "other_key", "mismatch" or "unknown".
	Signature string
	Findings  []check.Located
	Status    check.Status
	ExitCode  int
	// At is the time at which the token was judged, by this machine's clock.
	At time.Time
}

// Grants are the permissions of a token.
type Grants struct {
	RoomJoin, CanPublish, CanSubscribe, CanPublishData bool
	// CanPublishSources are cleaned; if any, only they may be published.
	CanPublishSources []string
}

// Text describes the token: header, claims, times, signature check, findings. It does
// not show the signature.
func (in Inspection) Text(style Style) string {
	var b strings.Builder
	if !in.Pasted.IsZero() {
		b.WriteString(style.text(in.Pasted) + "\n\n")
	}
	if in.Decoded {
		section(&b, style, "Header", in.Header)
		section(&b, style, "Claims", in.Claims)
		b.WriteString(style.paint(roleStrong, style.Say("In words")) + "\n")
		for _, line := range inWords(in, style) {
			b.WriteString("  " + line + "\n")
		}
		b.WriteString("\n")
	}
	if len(in.Findings) == 0 {
		fine := style.Say("nothing wrong was found in the token itself; whether the server takes it was not asked")
		b.WriteString(style.paint(roleGood, style.glyph(progress.Passed)+" "+fine) + "\n")
	}
	for _, l := range in.Findings {
		b.WriteString(style.finding(l.Check, l.Finding))
		if len(l.Finding.Fixes) > 0 && !style.Verbose {
			style.fix(&b, style.Say("Fix")+"  ", l.Finding.Fixes[0])
		}
	}
	return b.String()
}

func section(b *strings.Builder, style Style, name, text string) {
	b.WriteString(style.paint(roleStrong, style.Say(name)) + "\n")
	for _, line := range strings.Split(strings.TrimRight(text, "\n"), "\n") {
		b.WriteString("  " + line + "\n")
	}
	b.WriteString("\n")
}

// inWords returns what the token allows, where and until when.
func inWords(in Inspection, style Style) []string {
	lines := []string{}
	add := func(format string, args ...any) { lines = append(lines, style.Say(format, args...)) }
	who, room := in.Identity, in.Room
	switch v := in.Grants; {
	case v == nil:
		add("It grants nothing: there is no video claim.")
	case v.RoomJoin && who != "" && room != "":
		format := "%s may join room %s: publish %s, subscribe %s, send data %s."
		if in.Status == check.StatusFail {
			format = "It is meant to let %s join room %s (publish %s, subscribe %s, send data %s), and does not: see below."
		}
		add(format, who, room, publishes(style, v), yesNo(style, v.CanSubscribe), yesNo(style, v.CanPublishData))
	default:
		add("It lets nobody join a room.")
	}
	for _, when := range []struct {
		at           *time.Time
		past, future string
	}{
		{in.IssuedAt, "Issued %s ago, at %s.", "Issued %s from now, at %s."},
		{in.NotBefore, "Valid for %s already, from %s on.", "Valid only in %s, from %s on."},
		{in.ExpiresAt, "Expired %s ago, at %s.", "Expires in %s, at %s."},
	} {
		if when.at == nil {
			continue
		}
		format, gap := when.future, when.at.Sub(in.At)
		if gap < 0 {
			format, gap = when.past, -gap
		}
		add(format, Span(gap, style), when.at.UTC().Format("2006-01-02 15:04:05 MST"))
	}
	switch in.Signature {
	case "verified":
		add("The signature verifies with the secret configured here.")
	case "other_key", "mismatch":
		add("The signature does not verify with the secret configured here.")
	default:
		add("The signature was not checked: no secret is configured here.")
	}
	return lines
}

// publishes returns what may be published: anything, nothing, or some sources.
func publishes(style Style, v *Grants) string {
	if !v.CanPublish || len(v.CanPublishSources) == 0 {
		return yesNo(style, v.CanPublish)
	}
	return style.Say("only %s", strings.Join(v.CanPublishSources, ", "))
}

func yesNo(style Style, b bool) string {
	if b {
		return style.Say("yes")
	}
	return style.Say("no")
}

// Span formats a duration in its two largest units.
func Span(d time.Duration, style Style) string {
	units := []struct {
		size      time.Duration
		one, many string
	}{
		{365 * 24 * time.Hour, "%d year", "%d years"}, {24 * time.Hour, "%d day", "%d days"}, {time.Hour, "%d hour", "%d hours"},
		{time.Minute, "%d minute", "%d minutes"}, {time.Second, "%d second", "%d seconds"},
	}
	var parts []string
	for _, u := range units {
		n := int64(d / u.size)
		if n == 0 && len(parts) == 0 {
			continue
		}
		if n == 0 || len(parts) == 2 {
			break
		}
		format := u.many
		if n == 1 {
			format = u.one
		}
		parts = append(parts, style.Say(format, n))
		d -= time.Duration(n) * u.size
	}
	if len(parts) == 0 {
		return style.Say("less than a second")
	}
	return strings.Join(parts, " ")
}

// InspectionInfo is the JSON document of `lkdoctor token inspect --json`.
type InspectionInfo struct {
	SchemaVersion int             `json:"schema_version"`
	Tool          ToolInfo        `json:"tool"`
	Status        check.Status    `json:"status"`
	ExitCode      int             `json:"exit_code"`
	Length        int             `json:"length"`
	Header        json.RawMessage `json:"header"`
	Claims        json.RawMessage `json:"claims"`
	Signature     string          `json:"signature"`
	Findings      []LocatedInfo   `json:"findings"`
}

// LocatedInfo is a finding with the check that made it.
type LocatedInfo struct {
	Check string `json:"check"`
	FindingInfo
}

// InspectionJSON writes the document. Header and claims are null for a text that is
// not a JWT.
func InspectionJSON(w io.Writer, in Inspection, version string, style Style) error {
	doc := InspectionInfo{
		SchemaVersion: SchemaVersion, Tool: ToolInfo{Name: "lkdoctor", Version: version},
		Status: in.Status, ExitCode: in.ExitCode, Length: in.Length, Signature: in.Signature,
		Header: rawOrNull(in.Header, in.Decoded), Claims: rawOrNull(in.Claims, in.Decoded),
		Findings: make([]LocatedInfo, 0, len(in.Findings)),
	}
	for _, l := range in.Findings {
		doc.Findings = append(doc.Findings, LocatedInfo{Check: l.Check, FindingInfo: findingInfo(l.Finding, style)})
	}
	if err := JSON(w, doc); err != nil {
		return fmt.Errorf("write the inspection: %w", err)
	}
	return nil
}

func rawOrNull(text string, known bool) json.RawMessage {
	if !known || !json.Valid([]byte(text)) {
		return json.RawMessage("null")
	}
	return json.RawMessage(text)
}

func findingInfo(f finding.Finding, style Style) FindingInfo {
	return FindingInfo{
		Code: f.Code, Severity: f.Severity, Variant: f.Variant, Owner: f.Owner, Message: style.text(f.Message),
		Facts: orEmpty(f.Facts), Fixes: fixes(f.Fixes, style),
	}
}
