package clean

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"html"
	"maps"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"unicode/utf8"
)

// Sizes of the search for known values.
const (
	// minValue is the least length in bytes that is hidden; shorter ones match by chance.
	minValue = 4
	// minLoose is the length below which values are hidden only as whole words.
	minLoose = 8
	// gram is the number of bytes of a long value that count as a piece of it.
	gram = 12
	// minPieces is the least length of values that are also hidden in pieces.
	minPieces = 20
	// maxValue is the length above which only head and tail of a value are known.
	maxValue = 4 << 10
)

// publicWords are well-known secrets that are words of messages about secrets. Hiding
// them would garble messages.
var publicWords = map[string]bool{
	"secret": true, "devsecret": true, "devkey": true, "password": true, "token": true,
	"undefined": true, "null": true, "none": true, "true": true, "false": true,
}

// Redactor also hides the known secrets and tokens of this run: unchanged, percent-,
// base64-, hex-, HTML- and JSON-encoded, quoted, in upper or lower case, cut after
// their first characters, or in pieces. The zero Redactor knows none, and a nil one
// cannot learn. It is safe for concurrent use.
type Redactor struct {
	mu    sync.Mutex // held by Learn
	known atomic.Pointer[known]
}

// known are the values that a Redactor hides. It is immutable: Learn makes a new one.
type known struct {
	values map[string]bool
	forms  []form
	grams  map[string]struct{}
}

// form is one encoding of a secret, in lower case. Where its first head bytes match,
// all that follows as in whole is hidden too.
type form struct {
	whole string
	head  int
}

// NewRedactor returns a Redactor that knows secrets, see Learn.
func NewRedactor(secrets ...string) *Redactor {
	r := &Redactor{}
	r.Learn(secrets...)
	return r
}

// Learn adds secrets: API secrets, tokens, tickets, TURN credentials. It ignores empty
// ones and well-known words ("secret"). Of a token it also adds the signature alone.
func (r *Redactor) Learn(secrets ...string) {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	old := r.known.Load()
	if old == nil {
		old = &known{values: map[string]bool{}, grams: map[string]struct{}{}}
	}
	next := old
	for _, s := range secrets {
		for _, value := range []string{s, strings.TrimSpace(s), strings.Trim(s, "\"'` \t\r\n")} {
			if len(value) < minValue || publicWords[strings.ToLower(value)] || next.values[value] {
				continue
			}
			if next == old {
				next = &known{values: maps.Clone(old.values), forms: slices.Clone(old.forms), grams: maps.Clone(old.grams)}
			}
			next.values[value] = true
			next.learn(value)
		}
	}
	if next != old {
		r.known.Store(next)
	}
}

const maxLearnt = 256

// LearnFrom adds a secret that a server sent. It ignores addresses, which a server must
// not hide from a report, and bounds the number and length of values.
func (r *Redactor) LearnFrom(secret string) {
	if r == nil || len(secret) < minLoose || len(secret) > maxValue || strings.Contains(secret, "://") {
		return
	}
	if _, port, err := net.SplitHostPort(secret); err == nil && strings.Trim(port, "0123456789") == "" || net.ParseIP(secret) != nil {
		return
	}
	if k := r.known.Load(); k == nil || len(k.values) < maxLearnt {
		r.Learn(secret)
	}
}

// With returns a Redactor that knows more secrets. A nil Redactor knows none.
func (r *Redactor) With(secrets ...string) *Redactor {
	more := &Redactor{}
	if r != nil {
		more.known.Store(r.known.Load())
	}
	more.Learn(secrets...)
	return more
}

// String hides the known values from fmt.
func (r *Redactor) String() string { return Hidden }

// GoString hides them for %#v.
func (r *Redactor) GoString() string { return Hidden }

// learn adds one value in all its forms.
func (k *known) learn(value string) {
	if len(value) > maxValue {
		k.learn(value[:maxValue/2])
		k.learn(value[len(value)-maxValue/2:])
		return
	}
	pieces := value
	if parts := strings.Split(value, "."); len(parts) == 3 && len(parts[2]) >= minLoose {
		// Header and payload of a token are recognised by form, and begin alike in all tokens.
		k.add(value, len(value))
		pieces = parts[2]
	}
	k.add(pieces, headOf(pieces))
	if len(pieces) < minPieces {
		return
	}
	for pieces = lower(pieces); len(pieces) >= gram; pieces = pieces[1:] {
		k.grams[pieces[:gram]] = struct{}{}
	}
}

// add adds the forms of one value that is recognised by its first head bytes.
func (k *known) add(value string, head int) {
	wholes, heads := forms(value), forms(value[:head])
	for i, whole := range wholes {
		f := form{lower(whole), len(whole)}
		// A form of the first characters alone is not always the beginning of the
		// whole's: an escape may depend on what follows.
		if head < len(value) && i < len(heads) && len(heads[i]) >= minLoose && strings.HasPrefix(f.whole, lower(heads[i])) {
			f.head = len(heads[i])
		}
		if !slices.Contains(k.forms, f) {
			k.forms = append(k.forms, f)
		}
	}
}

// headOf returns how many first bytes identify a value: minLoose after a prefix such
// as tkt_ or lk_demo_, and gram if those may be a word.
func headOf(value string) int {
	label := 0
	for i := 0; i < min(len(value), gram) && (value[i] >= 'a' && value[i] <= 'z' || value[i] == '_'); i++ {
		if value[i] == '_' {
			label = i + 1
		}
	}
	head := label + minLoose
	if head < len(value) && isWord("A"+value[label:head]) {
		head = label + gram
	}
	for head < len(value) && !utf8.RuneStart(value[head]) {
		head++
	}
	return min(head, len(value))
}

// lower returns s with A to Z in lower case. Unlike ToLower it keeps the length.
func lower(s string) string {
	if strings.IndexFunc(s, func(r rune) bool { return r >= 'A' && r <= 'Z' }) < 0 {
		return s
	}
	b := []byte(s)
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

// forms lists the encodings of value. What percent and JSON escapes make of it is
// listed for what the views do not undo.
func forms(value string) []string {
	marshalled, _ := json.Marshal(value) // a string always has JSON
	list := []string{value, url.QueryEscape(value), url.PathEscape(value), html.EscapeString(value),
		strings.Trim(strconv.Quote(value), `"`), strings.Trim(strconv.QuoteToASCII(value), `"`), strings.Trim(string(marshalled), `"`)}
	if len(value) >= 6 {
		list = append(append(list, hex.EncodeToString([]byte(value))), base64Forms(value)...)
	}
	return list
}

// base64Forms returns base64 of value at each of the three offsets that it can have in
// a longer text ("key:secret"), without the characters that depend on its neighbours.
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

// Redact applies the package's Redact and hides the known values, if r knows any.
func (r *Redactor) Redact(s string) string {
	var spans []span
	for _, v := range views(s) {
		spans = r.find(v, v.find(spans))
	}
	return hideSpans(s, spans)
}

// Hide returns s without the known values. It does not look for other credentials.
func (r *Redactor) Hide(s string) string {
	if r == nil || r.known.Load() == nil {
		return s
	}
	var spans []span
	for _, v := range views(s) {
		spans = r.find(v, spans)
	}
	return hideSpans(s, spans)
}

// find adds the spans of known values and of pieces of them.
func (r *Redactor) find(v view, spans []span) []span {
	if r == nil {
		return spans
	}
	k := r.known.Load()
	if k == nil {
		return spans
	}
	text := lower(v.text)
	for _, f := range k.forms {
		for from := 0; ; {
			i := strings.Index(text[from:], f.whole[:f.head])
			if i < 0 {
				break
			}
			start := from + i
			end := start + f.head
			for end-start < len(f.whole) && end < len(text) && text[end] == f.whole[end-start] {
				end++
			}
			if f.head >= minLoose || alone(text, start, end) {
				spans = append(spans, v.origin(start, end))
			}
			from = end
		}
	}
	for i := 0; len(k.grams) > 0 && i+gram <= len(text); i++ {
		if _, ok := k.grams[text[i:i+gram]]; ok {
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

// Clean applies Redact, then Line. It makes a text of others safe to keep and to show.
func (r *Redactor) Clean(s string, limit int) string { return Line(r.Redact(head(s, limit)), limit) }

// Block applies Redact, then Block.
func (r *Redactor) Block(s string, limit int) string { return Block(r.Redact(head(s, limit)), limit) }

// head returns the part of s that can matter for a result of limit runes, so that no
// megabyte is searched for one line. A credential cut there is still recognised.
func head(s string, limit int) string {
	if limit < 1 {
		return ""
	}
	if keep := 8*limit + 16<<10; keep > 0 && len(s) > keep {
		return s[:keep] + cut
	}
	return s
}
