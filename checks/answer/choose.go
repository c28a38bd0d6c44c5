package answer

import (
	"cmp"
	"slices"
	"strings"
)

// The tiers of tokens, best first. A token with `video` anywhere beats one
// without, because `access_token` and `token` are also the names of an app's own
// login tokens.
const (
	tierUsualVideo = iota
	tierNearVideo
	tierNamedVideo
	tierVideo
	tierInsideVideo
	tierUsualHinted
	tierNearHinted
	tierUsual
	tierNear
	tierNearForeign
	tierNamed
	tierInside
	tierNone
)

// tokenTier ranks a string as the token.
func tokenTier(f field, usual bool) int {
	named := f.role == tokenRole
	switch g := f.glimpse; {
	case g.video && usual:
		return tierUsualVideo
	case g.video && named && f.near:
		return tierNearVideo
	case g.video && named:
		return tierNamedVideo
	case g.video && !f.inside:
		return tierVideo
	case g.video && f.from != "":
		return tierInsideVideo
	case g.hinted && !g.foreign && usual:
		return tierUsualHinted
	case g.hinted && !g.foreign && named && f.near:
		return tierNearHinted
	case usual:
		return tierUsual
	case named && f.near && g.foreign:
		return tierNearForeign
	case named && f.near:
		return tierNear
	case named:
		return tierNamed
	case f.inside && strings.Contains(f.path, "?access_token"):
		return tierInside
	}
	return tierNone
}

// chooseToken fills in the token, or what sits where it should be, and the
// candidates.
func (a *Answer) chooseToken(fields []field, profile Profile) (parent string) {
	type ranked struct {
		field
		tier  int
		usual bool
	}
	var texts, others []ranked
	for _, f := range fields {
		usual := slices.Contains(profile.usualToken(), f.path) && f.role == tokenRole
		if usual && (a.AtUsual == Missing || a.AtUsual != Text && f.kind == Text) {
			a.AtUsual, a.UsualPath, a.UsualType, a.UsualToken = f.kind, f.path, string(f.shape), Hidden{}
			if f.kind == Text {
				a.UsualToken = Hide(f.text)
			}
		}
		switch {
		case f.kind == Text && (f.role == tokenRole || f.glimpse.jwt || f.inside):
			texts = append(texts, ranked{f, tokenTier(f, usual), usual})
		case f.role == tokenRole && (usual || f.near || f.kind == Promise):
			others = append(others, ranked{f, otherTier(f, usual), usual})
		}
	}
	byRank := func(x, y ranked) int {
		return cmp.Or(cmp.Compare(x.tier, y.tier), cmp.Compare(x.rank, y.rank), cmp.Compare(x.seq, y.seq))
	}
	slices.SortStableFunc(texts, byRank)
	slices.SortStableFunc(others, byRank)

	if len(texts) > 0 && texts[0].tier < tierNone {
		best := texts[0]
		a.Token, a.TokenKind, a.TokenPath = Hide(best.text), Text, best.path
		a.TokenHasVideo, a.TokenUsual, parent = best.glimpse.video, best.usual, best.parent
		texts = texts[1:]
	} else if len(others) > 0 {
		best := others[0]
		a.TokenKind, a.TokenPath, a.TokenUsual, parent = best.kind, best.path, best.usual, best.parent
		if best.kind == NotText {
			a.TokenType = string(best.shape)
		}
	}
	for _, t := range texts[:min(len(texts), maxCandidates)] {
		a.Candidates = append(a.Candidates, Candidate{Path: t.path, Token: Hide(t.text), JWT: t.glimpse.jwt,
			HasVideo: t.glimpse.video})
	}
	return parent
}

// maxCandidates is how many other places are told.
const maxCandidates = 20

// otherTier ranks what sits under a token's name without being one.
func otherTier(f field, usual bool) int {
	switch {
	case usual:
		return 0
	case f.kind == Promise && f.near:
		return 1
	case f.near:
		return 2
	}
	return 3
}

// chooseURL fills in the server's address. An address with ws or wss beats the
// usual field with https, which may be a page; then the neighbours of the token
// come first.
func (a *Answer) chooseURL(fields []field, tokenParent string, profile Profile) {
	type ranked struct {
		field
		order [5]int
		usual bool
	}
	var list []ranked
	for _, f := range fields {
		if f.role != urlRole {
			continue
		}
		usual := slices.Contains(profile.usualURL(), f.path)
		scheme := addressClass(f)
		if !usual && (scheme == noAddress || scheme > wsScheme && !f.near && f.parent != tokenParent) {
			continue
		}
		list = append(list, ranked{f, [5]int{min(scheme, otherScheme), bit(!usual), bit(f.parent != tokenParent), f.rank, f.seq}, usual})
		if scheme == noAddress {
			list[len(list)-1].order[0] = noAddress
		}
	}
	slices.SortStableFunc(list, func(x, y ranked) int { return slices.Compare(x.order[:], y.order[:]) })
	for i, f := range list {
		if i == 0 {
			a.URLKind, a.URLPath, a.URLUsual = f.kind, f.path, f.usual
			a.URL = dialable(f.text)
		} else if len(a.OtherURLs) < maxCandidates && f.kind == Text {
			a.OtherURLs = append(a.OtherURLs, Place{Path: f.path, Text: shownValue(f.text, maxText)})
		}
	}
	if a.URLKind == NotText || a.URLKind == Null {
		a.URL = ""
	}
}

// dialable is an address as it was given, or only its server when it carries a
// token.
func dialable(address string) string {
	if _, token := queryToken(address); token != "" {
		return serverOf(address)
	}
	return shownValue(address, maxURL)
}

// The classes of what stands under an address's name.
const (
	wsScheme = iota
	otherScheme
	bareHost
	noAddress
)

// addressClass says how much a value looks like a server's address.
func addressClass(f field) int {
	text := strings.TrimSpace(f.text)
	switch {
	case f.kind != Text:
		return noAddress
	case wsAddress(text):
		return wsScheme
	case strings.Contains(text, "://"):
		return otherScheme
	case strings.ContainsAny(text, ".:") && !strings.ContainsAny(text, " \t\r\n"):
		return bareHost
	}
	return noAddress
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}

// chooseText gives the best text under the names of a role, and its path: the
// neighbours of the token first.
func chooseText(fields []field, r role, tokenParent string) (text, path string) {
	best := -1
	better := func(f, g field) bool {
		return cmp.Or(cmp.Compare(bit(f.parent != tokenParent), bit(g.parent != tokenParent)),
			cmp.Compare(bit(!f.near), bit(!g.near)), cmp.Compare(f.rank, g.rank), cmp.Compare(f.seq, g.seq)) < 0
	}
	for i, f := range fields {
		usable := f.kind == Text || f.kind == NotText && f.text != "" && (r == expiryRole || r == convRole)
		if f.role == r && usable && (best < 0 || better(f, fields[best])) {
			best = i
		}
	}
	if best < 0 {
		return "", ""
	}
	return shownValue(fields[best].text, maxValue), fields[best].path
}
