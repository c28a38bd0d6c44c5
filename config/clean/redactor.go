package clean

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"html"
	"net/url"
	"strconv"
	"strings"
)

// Sizes of the search for known values.
const (
	// minValue: what is shorter than this many bytes cannot be told from chance.
	minValue = 4
	// minLoose: shorter values are hidden only where they stand alone.
	minLoose = 8
	// gram: so many bytes of a long value in a row are taken for a piece of it.
	gram = 12
	// minPieces: only values from this length on are looked for in pieces.
	minPieces = 20
	// maxValue: of a longer value only head and tail are known.
	maxValue = 4 << 10
)

// publicWords are secrets that everybody knows and that are words of every
// message about secrets; hiding them by value would only garble.
var publicWords = map[string]bool{
	"secret": true, "devsecret": true, "devkey": true, "password": true, "token": true,
	"undefined": true, "null": true, "none": true, "true": true, "false": true,
}

// Redactor also hides the secrets and tokens of this run, by value: as they
// are, percent-, base64-, hex-, HTML- and JSON-encoded, quoted, or a piece of
// them. The zero Redactor knows none. It is safe for concurrent use.
type Redactor struct {
	values []string
	grams  map[string]struct{}
}

// NewRedactor makes a Redactor that knows secrets: API secrets, tokens, tickets,
// TURN credentials. Empty ones and words known to everybody ("secret") are left
// out. Of a token the signature alone is known too.
func NewRedactor(secrets ...string) *Redactor {
	r := &Redactor{grams: map[string]struct{}{}}
	seen := map[string]bool{}
	for _, s := range secrets {
		for _, known := range []string{s, strings.TrimSpace(s), strings.Trim(s, "\"'` \t\r\n")} {
			if len(known) < minValue || publicWords[strings.ToLower(known)] || seen[known] {
				continue
			}
			seen[known] = true
			r.learn(known)
		}
	}
	return r
}

// With is a Redactor that knows more secrets. A nil Redactor knows none.
func (r *Redactor) With(secrets ...string) *Redactor {
	more := NewRedactor(secrets...)
	if r == nil {
		return more
	}
	more.values = append(more.values, r.values...)
	for g := range r.grams {
		more.grams[g] = struct{}{}
	}
	return more
}

// String keeps the known values out of every print.
func (r *Redactor) String() string { return Hidden }

// GoString does so for %#v.
func (r *Redactor) GoString() string { return Hidden }

// learn adds one value in all the forms that it may take.
func (r *Redactor) learn(value string) {
	if len(value) > maxValue {
		r.learn(value[:maxValue/2])
		r.learn(value[len(value)-maxValue/2:])
		return
	}
	r.values = append(r.values, forms(value)...)
	pieces := value
	if parts := strings.Split(value, "."); len(parts) == 3 && len(parts[2]) >= minLoose {
		// A token: header and payload are told by their look.
		r.values = append(r.values, parts[2])
		pieces = parts[2]
	}
	if len(pieces) < minPieces {
		return
	}
	for i := 0; i+gram <= len(pieces); i++ {
		r.grams[pieces[i:i+gram]] = struct{}{}
	}
}

// forms lists the encodings of value; what percent and JSON escapes make of it
// is mostly undone by the views, and listed for what they do not undo.
func forms(value string) []string {
	list := []string{value, url.QueryEscape(value), url.PathEscape(value), html.EscapeString(value),
		strings.Trim(strconv.Quote(value), `"`), strings.Trim(strconv.QuoteToASCII(value), `"`)}
	if b, err := json.Marshal(value); err == nil {
		list = append(list, strings.Trim(string(b), `"`))
	}
	if len(value) >= 6 {
		h := hex.EncodeToString([]byte(value))
		list = append(list, h, strings.ToUpper(h))
		list = append(list, base64Forms(value)...)
	}
	return list
}

// base64Forms is what base64 makes of value at each of the three places that it
// can have inside a longer text ("key:secret"), less the characters that depend
// on its neighbours.
func base64Forms(value string) []string {
	var list []string
	for shift := range 3 {
		padded := append(make([]byte, shift), value...)
		first := (shift*8 + 5) / 6
		last := len(padded) * 8 / 6
		std := base64.RawStdEncoding.EncodeToString(padded)[first:last]
		list = append(list, std, strings.NewReplacer("+", "-", "/", "_").Replace(std))
	}
	return list
}

// Redact is the package's Redact plus the known values. A nil Redactor knows
// none.
func (r *Redactor) Redact(s string) string {
	var spans []span
	for _, v := range views(s) {
		spans = v.find(spans)
		if r != nil {
			spans = r.findKnown(v, spans)
		}
	}
	return hideSpans(s, spans)
}

// findKnown adds the spans of known values and of pieces of them.
func (r *Redactor) findKnown(v view, spans []span) []span {
	for _, value := range r.values {
		for from := 0; ; {
			i := strings.Index(v.text[from:], value)
			if i < 0 {
				break
			}
			start := from + i
			end := start + len(value)
			if len(value) >= minLoose || alone(v.text, start, end) {
				spans = append(spans, v.origin(start, end))
			}
			from = end
		}
	}
	if len(r.grams) == 0 {
		return spans
	}
	for i := 0; i+gram <= len(v.text); i++ {
		if _, ok := r.grams[v.text[i:i+gram]]; ok {
			spans = append(spans, v.origin(i, i+gram))
		}
	}
	return spans
}

// alone reports whether no letter or digit touches the span.
func alone(s string, start, end int) bool {
	return (start == 0 || !wordByte(s[start-1])) && (end == len(s) || !wordByte(s[end]))
}

func wordByte(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z'
}

// Clean is Redact, then Line: what a stranger said, fit to keep and to show.
func (r *Redactor) Clean(s string, limit int) string { return Line(r.Redact(head(s, limit)), limit) }

// Block is Redact, then Block.
func (r *Redactor) Block(s string, limit int) string { return Block(r.Redact(head(s, limit)), limit) }

// head is the part of s that can matter for a result of limit runes, so that a
// megabyte is not searched for one line. Where a credential crosses its end,
// the piece is still told as one.
func head(s string, limit int) string {
	if limit < 1 {
		return ""
	}
	if keep := 8*limit + 16<<10; keep > 0 && len(s) > keep {
		return s[:keep] + cut
	}
	return s
}
