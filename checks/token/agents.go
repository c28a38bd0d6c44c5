package token

import (
	"encoding/json"
	"fmt"
	"slices"

	"lkdoctor/checks/finding"
	"lkdoctor/config/clean"
)

// agentsPath is where a server reads the agents that a token dispatches. The claim's
// name matches in any case. Below it a name matches as written here or with
// underscores; other names are ignored (livekit-server 1.13.5; checks/lab,
// TestSpellingsOfAgents).
const agentsPath = "roomConfig.agents[].agentName"

// listNames and nameNames are common spellings, in normal form, of the list of agents
// and of the name in it.
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
		for _, m := range membersOf(object) {
			if found == "" && slices.Contains(names, normal(m.name)) && !slices.Contains(but, m.name) && namesAgent(m.value) {
				found = path + clean.Line(m.name, 40)
			}
		}
	}
	look("roomConfig.", config, listNames, "agents")
	for i, item := range itemsOf(config, "agents") {
		look(fmt.Sprintf("roomConfig.agents[%d].", i), item, nameNames, "agentName", "agent_name")
	}
	for _, m := range t.members {
		switch normal(m.name) {
		case "agents", "agentname", "agentnames", "agentdispatch", "agentdispatches":
			if found == "" && namesAgent(m.value) {
				found = clean.Line(m.name, 40)
			}
		case "agent":
			look("agent.", m.value, []string{"agentname", "name"})
		case "room":
			look("room.", m.value, listNames)
		case "video":
			look("video.", m.value, append([]string{"roomconfig"}, listNames...))
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
	for _, m := range membersOf(object) {
		if m.name == name {
			_ = json.Unmarshal(m.value, &items)
		}
	}
	return items[:min(len(items), maxShownAgents)]
}

// namesAgent reports whether a value may name one agent or several.
func namesAgent(raw json.RawMessage) bool {
	switch typeOf(raw) {
	case isText:
		return string(raw) != `""`
	case isList, isObj:
		return len(raw) > len("[]")
	}
	return false
}
