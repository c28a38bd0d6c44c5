package token

import (
	"bytes"
	"encoding/json"
	"iter"
	"strings"

	"lkdoctor/checks/answer"
)

// Member is one name and value of a JSON object, of which names may occur twice.
type Member struct {
	Name  string
	Value json.RawMessage
}

// maxMembers is the most members of one object that are read; tokens have about ten.
const maxMembers = 20_000

// Members returns the members of a JSON object, nil if raw is none.
func Members(raw []byte) []Member {
	if answer.ShapeOf(raw) != answer.ShapeObject {
		return nil
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	_, _ = dec.Token() // the opening brace
	var list []Member
	for dec.More() && len(list) < maxMembers {
		name, err := dec.Token()
		if err != nil {
			return list
		}
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return list
		}
		list = append(list, Member{Name: name.(string), Value: value})
	}
	return list
}

// named returns the members that encoding/json would assign to a field called name: in
// any case, in order, so that the last one wins.
func named(list []Member, name string) iter.Seq[Member] {
	return func(yield func(Member) bool) {
		for _, m := range list {
			if strings.EqualFold(m.Name, name) && !yield(m) {
				return
			}
		}
	}
}

// rawOf returns the last value of a claim, nil if absent.
func rawOf(list []Member, name string) (raw json.RawMessage) {
	for m := range named(list, name) {
		raw = m.Value
	}
	return raw
}

// valueOf decodes a claim as encoding/json would, and leaves out values of other types.
func valueOf[T any](list []Member, name string) (value T) {
	for m := range named(list, name) {
		_ = json.Unmarshal(m.Value, &value)
	}
	return value
}
