package answer

import (
	"cmp"
	"slices"
	"strings"

	"lkdoctor/config/secret"
)

// worthless is the score from which a text is not taken as the token.
const worthless = 100

// score ranks a text as the token; the lowest is the best. A token with video comes
// first, because an app's own login token may be called access_token or token. Then
// other signs of LiveKit count, then the place: the usual one, a typical name near the
// root, a typical name, any name, a URL.
func (f *field) score() int {
	g, named := f.glimpse, f.role == tokenRole
	var place int
	switch {
	case f.usual:
		place = 0
	case named && f.near:
		place = 1
	case named:
		place = 2
	case g.video && f.from == "":
		place = 3
	case f.from != "" && (g.video || strings.Contains(f.path, "?access_token")):
		place = 4
	default:
		return worthless
	}
	switch {
	case g.video:
		return place
	case g.hinted && !g.foreign && place < 2:
		return 10 + place
	case g.foreign && place == 1:
		return 22
	}
	return 20 + 2*place - bit(place == 1)
}

// chooseToken sets the token, or the kind of value in its place. It returns the field
// of either, the zero field if there is none.
func (a *Answer) chooseToken(fields []field, profile Profile) (best field) {
	var texts, others []field
	for _, f := range fields {
		f.usual = slices.Contains(usual[profile].token, f.path) && f.role == tokenRole
		if f.usual && (a.AtUsual == Missing || a.AtUsual != Text && f.kind == Text) {
			a.AtUsual, a.UsualPath, a.UsualType, a.UsualToken = f.kind, f.path, string(f.shape), secret.Value{}
			if f.kind == Text {
				a.UsualToken = secret.New(f.text)
			}
		}
		switch {
		case f.kind == Text && (f.role == tokenRole || f.glimpse.jwt || f.from != ""):
			if f.order = f.score(); f.order < worthless {
				texts = append(texts, f)
			}
		case f.role == tokenRole && (f.usual || f.near || f.kind == Promise):
			f.order = 4*bit(!f.usual) + 2*bit(!f.near) + bit(f.kind != Promise)
			others = append(others, f)
		}
	}
	byOrder := func(x, y field) int {
		return cmp.Or(cmp.Compare(x.order, y.order), cmp.Compare(x.rank, y.rank), cmp.Compare(x.seq, y.seq))
	}
	if len(texts) > 0 {
		best = slices.MinFunc(texts, byOrder)
		a.Token, a.TokenKind, a.TokenPath = secret.New(best.text), Text, best.path
		a.TokenHasVideo, a.TokenUsual = best.glimpse.video, best.usual
	} else if len(others) > 0 {
		best = slices.MinFunc(others, byOrder)
		a.TokenKind, a.TokenPath, a.TokenUsual = best.kind, best.path, best.usual
		if best.kind == NotText {
			a.TokenType = string(best.shape)
		}
	}
	return best
}

// chooseURL sets the server's address. It prefers ws or wss to the usual field with
// https, which may be a page, and then the siblings of the token.
func (a *Answer) chooseURL(fields []field, tokenParent string, profile Profile) {
	var list []field
	for _, f := range fields {
		f.usual = slices.Contains(usual[profile].url, f.path)
		f.order = addressClass(f)
		if f.role == urlRole && (f.usual || f.order == wsScheme || f.order != noAddress && (f.near || f.parent == tokenParent)) {
			list = append(list, f)
		}
	}
	if len(list) == 0 {
		return
	}
	best := slices.MinFunc(list, func(x, y field) int {
		return cmp.Or(cmp.Compare(x.order, y.order), bit(y.usual)-bit(x.usual), bit(x.parent != tokenParent)-bit(y.parent != tokenParent),
			cmp.Compare(x.rank, y.rank), cmp.Compare(x.seq, y.seq))
	})
	a.URLPath, a.URLUsual = best.path, best.usual
	if best.kind != NotText && best.kind != Null {
		a.URL = shownValue(best.text, maxURL)
	}
	if _, token := queryToken(best.text); token != "" {
		a.URL = serverOf(best.text)
	}
	if before, _, cut := strings.Cut(best.text, "?"); cut && wsAddress(before) && serverOf(before) != "" &&
		!strings.Contains(before, "@") && a.TokenPath != "" && !strings.HasPrefix(a.TokenPath, best.path+"?") {
		a.URL = shownValue(strings.TrimSpace(before), maxURL) // clients append /rtc to whatever path stands there
	}
}

// The classes of values of a field with an address's name, the best first.
const (
	wsScheme = iota
	otherAddress
	noAddress
)

// addressClass returns the class of a value.
func addressClass(f field) int {
	text := strings.TrimSpace(f.text)
	switch {
	case f.kind != Text:
		return noAddress
	case wsAddress(text):
		return wsScheme
	case strings.Contains(text, "://"), strings.ContainsAny(text, ".:") && !strings.ContainsAny(text, " \t\r\n"):
		return otherAddress
	}
	return noAddress
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}

// chooseText returns the best text of a role, preferably a sibling of the token.
func chooseText(fields []field, r role, tokenParent string) string {
	named := slices.DeleteFunc(slices.Clone(fields), func(f field) bool { return f.role != r || f.kind != Text })
	if len(named) == 0 {
		return ""
	}
	return shownValue(slices.MinFunc(named, func(x, y field) int {
		return cmp.Or(bit(x.parent != tokenParent)-bit(y.parent != tokenParent), bit(!x.near)-bit(!y.near),
			cmp.Compare(x.rank, y.rank), cmp.Compare(x.seq, y.seq))
	}).text, maxValue)
}
