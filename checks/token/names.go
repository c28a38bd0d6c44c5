package token

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/agnivade/levenshtein"
	"github.com/livekit/protocol/auth"

	"lkdoctor/checks/answer"
	"lkdoctor/checks/finding"
	"lkdoctor/config/clean"
)

// normal returns a name in lower case, without underscores, dashes and blanks.
func normal(name string) string {
	return strings.Map(func(r rune) rune {
		if r == '_' || r == '-' || r == ' ' {
			return -1
		}
		return unicode.ToLower(r)
	}, name)
}

// grantAliases maps common wrong names of a grant, in normal form, to its name.
var grantAliases = map[string]string{
	"join": "roomJoin", "canjoin": "roomJoin", "joinroom": "roomJoin", "roomjoined": "roomJoin", "allowjoin": "roomJoin",
	"roomname": "room", "rooms": "room", "roomid": "room", "channel": "room",
	"publish": "canPublish", "canpub": "canPublish", "subscribe": "canSubscribe", "cansub": "canSubscribe",
	"publishdata": "canPublishData", "candata": "canPublishData", "canpublishdatas": "canPublishData",
	"publishsources": "canPublishSources", "sources": "canPublishSources",
	"admin": "roomAdmin", "create": "roomCreate", "createroom": "roomCreate", "list": "roomList", "listrooms": "roomList",
	"record": "roomRecord", "canupdatemetadata": "canUpdateOwnMetadata", "updateownmetadata": "canUpdateOwnMetadata",
}

// claimAliases does the same for claims. Other unknown claims are the app's own.
var claimAliases = map[string]string{
	"videogrant": "video", "videogrants": "video", "videos": "video",
	"roomconfiguration": "roomConfig", "roomconfig": "roomConfig", "roompreset": "roomPreset",
	"attribute": "attributes", "metadatas": "metadata", "participantmetadata": "metadata",
	"subject": "sub", "issuer": "iss", "apikey": "iss", "expires": "exp", "expiresat": "exp", "expiry": "exp", "expiration": "exp",
	"notbefore": "nbf", "issuedat": "iat", "participantname": "name", "displayname": "name",
}

// essential are the grants without which no join is possible.
var essential = []string{"roomJoin", "room"}

// lintNames reports claims and grants under a name that servers do not read.
func (t *Token) lintNames(video []byte) []finding.Finding {
	var found []finding.Finding
	for _, in := range []struct {
		path    string
		list    []Member
		fields  []field
		aliases map[string]string
	}{{"video.", Members(video), videoFields, grantAliases}, {"", t.members, claimFields, claimAliases}} {
		for _, m := range in.list[:min(len(in.list), maxLintedFields)] {
			known, exact := nearest(m.Name, in.fields, in.aliases, in.path != "")
			found = append(found, misnamed(in.list, in.path, m.Name, known, exact)...)
		}
	}
	return append(found, lintSources(t.Claims.Video)...)
}

// nearest returns the known name that name probably stands for, "" if none. exact is
// set if they differ in case only.
func nearest(name string, fields []field, aliases map[string]string, guess bool) (known string, exact bool) {
	for _, f := range fields {
		if strings.EqualFold(name, f.name) {
			return f.name, true
		}
	}
	n := normal(name)
	for _, f := range fields {
		if n == strings.ToLower(f.name) {
			return f.name, false
		}
	}
	if alias := aliases[n]; alias != "" || !guess || len(n) > 40 {
		return alias, false
	}
	for _, f := range fields {
		if len(f.name) > 5 && levenshtein.ComputeDistance(n, strings.ToLower(f.name)) <= 2 {
			return f.name, false
		}
	}
	return "", false
}

// misnamed reports a name that stands for known. Where the right name is present too, it
// is harmless, or TOKEN_CLAIM_TYPE reports a duplicate.
func misnamed(list []Member, path, name, known string, exact bool) []finding.Finding {
	if known == "" || name == known {
		return nil
	}
	shown := clean.Line(name, 40)
	var f finding.Finding
	switch {
	case slices.ContainsFunc(list, func(m Member) bool { return m.Name == known }):
		return nil
	case exact:
		f = finding.New(finding.TokenGrantMisnamed, finding.Warn,
			"%s%s should be written %s%s: servers from 1.13 on read it all the same, older ones do not", path, shown, path, known).
			With("accepted_by", "livekit-server from 1.13 on").As("case")
	case path != "" && slices.Contains(essential, known) || known == "video" || known == "sub" || known == "iss":
		f = finding.New(finding.TokenGrantMisnamed, finding.Fail,
			"%s%s is not a name that LiveKit knows, so it is ignored; %s%s is meant", path, shown, path, known).As("ignored")
	default:
		f = finding.New(finding.TokenGrantMisnamed, finding.Warn,
			"%s%s is not a name that LiveKit knows, so it is ignored; probably %s%s is meant", path, shown, path, known).As("ignored")
	}
	return []finding.Finding{f.With("path", path+shown).With("meant", path+known)}
}

var trackSources = []string{"camera", "microphone", "screen_share", "screen_share_audio"}

func lintSources(v *auth.VideoGrant) []finding.Finding {
	if v == nil {
		return nil
	}
	for _, s := range v.CanPublishSources {
		if s != "" && !slices.Contains(trackSources, strings.ToLower(s)) {
			return []finding.Finding{finding.New(finding.TokenGrantMisnamed, finding.Warn,
				"video.canPublishSources holds “%s”, which LiveKit does not know; it knows %s",
				clean.Line(s, 40), strings.Join(trackSources, ", ")).
				With("path", "video.canPublishSources").With("meant", strings.Join(trackSources, ", ")).As("source")}
		}
	}
	return nil
}

// lintOddities reports duplicate names, invisible and damaged characters.
func (t *Token) lintOddities() []finding.Finding {
	found := append(doubles(t.members, ""), doubles(Members(rawOf(t.members, "video")), "video.")...)
	for _, s := range []struct{ path, value string }{
		{"sub", t.Identity()}, {"video.room", t.Room()}, {"name", t.Claims.Name},
	} {
		format := ""
		switch {
		case clean.Line(s.value, len(s.value)+1) != s.value || strings.ContainsRune(s.value, utf8.RuneError):
			format = "%s is “%s”: it holds control or invisible characters, or some that were damaged on the way"
		case strings.TrimSpace(s.value) != s.value:
			format = "%s is “%s”, with blanks at its ends; LiveKit takes them as part of it"
		default:
			continue
		}
		shown := clean.Line(s.value, maxShownClaim)
		found = append(found, finding.New(finding.TokenClaimType, finding.Warn, format, s.path, shown).
			As("blanks").With("path", s.path).With("got", shown))
	}
	if !utf8.Valid(t.claimsJSON) {
		found = append(found, finding.New(finding.TokenClaimType, finding.Warn,
			"the payload is not valid UTF-8: servers replace the damaged characters").With("path", "").As("blanks"))
	}
	return found
}

// doubles returns the first name in an object that occurs more than once.
func doubles(list []Member, path string) []finding.Finding {
	count := map[string]int{}
	for _, m := range list {
		name := strings.ToLower(m.Name)
		if count[name]++; count[name] == 2 {
			return []finding.Finding{finding.New(finding.TokenClaimType, finding.Warn,
				"the claim %s%s occurs more than once; LiveKit servers keep the last one, other readers may not",
				path, clean.Line(m.Name, 40)).
				With("path", path+clean.Line(m.Name, 40)).As("doubled")}
		}
	}
	return nil
}

// agentsPath is where a server reads the agents that a token dispatches. The claim's
// name matches in any case. Below it a name matches as written here or with
// underscores; other names are ignored (livekit-server 1.13.5; checks/lab,
// TestSpellingsOfAgents).
const agentsPath = "roomConfig.agents[].agentName"

// listNames and nameNames are common names, in normal form, of agents' list and name.
var (
	listNames = []string{"agents", "agent", "agentname", "agentnames", "agentdispatch", "agentdispatches", "dispatch", "dispatches"}
	nameNames = []string{"agentname", "agent", "name"}
)

// lintAgents reports agents that are named where no server reads them, unless the same
// agent is also named where servers do.
func (t *Token) lintAgents() []finding.Finding {
	config := rawOf(t.members, "roomConfig")
	if slices.ContainsFunc(t.Claims.Agents, func(name string) bool { return name != "" }) {
		return nil
	}
	var found string
	look := func(path string, object []byte, names []string, but ...string) {
		for _, m := range Members(object) {
			if found == "" && slices.Contains(names, normal(m.Name)) && !slices.Contains(but, m.Name) && namesAgent(m.Value) {
				found = path + clean.Line(m.Name, 40)
			}
		}
	}
	look("roomConfig.", config, listNames, "agents")
	for i, item := range itemsOf(config, "agents") {
		look(fmt.Sprintf("roomConfig.agents[%d].", i), item, nameNames, "agentName", "agent_name")
	}
	for _, m := range t.members {
		switch normal(m.Name) {
		case "agents", "agentname", "agentnames", "agentdispatch", "agentdispatches":
			if found == "" && namesAgent(m.Value) {
				found = clean.Line(m.Name, 40)
			}
		case "agent":
			look("agent.", m.Value, []string{"agentname", "name"})
		case "room":
			look("room.", m.Value, listNames)
		case "video":
			look("video.", m.Value, append([]string{"roomconfig"}, listNames...))
		}
	}
	if found == "" {
		return nil
	}
	return []finding.Finding{finding.New(finding.TokenGrantMisnamed, finding.Warn,
		"the token names an agent under %s, which LiveKit does not read, so that agent is not called; it reads %s", found, agentsPath).
		With("path", found).With("meant", agentsPath).As("agents")}
}

// itemsOf returns the items of the list called name in object, nil if there is none.
func itemsOf(object []byte, name string) []json.RawMessage {
	var items []json.RawMessage
	for _, m := range Members(object) {
		if m.Name == name {
			_ = json.Unmarshal(m.Value, &items)
		}
	}
	return items[:min(len(items), maxShownAgents)]
}

// namesAgent reports whether a value may name one agent or several.
func namesAgent(raw json.RawMessage) bool {
	switch answer.ShapeOf(raw) {
	case answer.ShapeString, answer.ShapeList, answer.ShapeObject:
		return len(raw) > len("[]")
	}
	return false
}
