package token

import (
	"bytes"
	"encoding/json"
	"strings"
)

// member is one name and value of a JSON object. A list of members keeps the order and
// names that occur twice.
type member struct {
	name  string
	value json.RawMessage
}

// maxMembers is the most members of one object that are read; a LiveKit token has
// about ten.
const maxMembers = 20_000

// membersOf returns the members of a JSON object, nil if raw is none.
func membersOf(raw []byte) []member {
	dec := json.NewDecoder(bytes.NewReader(raw))
	if open, err := dec.Token(); err != nil || open != json.Delim('{') {
		return nil
	}
	var list []member
	for dec.More() && len(list) < maxMembers {
		name, err := dec.Token()
		if err != nil {
			return list
		}
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return list
		}
		list = append(list, member{name: name.(string), value: value})
	}
	return list
}

// each calls f for every member that encoding/json would assign to a field called
// name: in any case, in order, so that the last one wins.
func each(list []member, name string, f func(m member)) {
	for _, m := range list {
		if strings.EqualFold(m.name, name) {
			f(m)
		}
	}
}
