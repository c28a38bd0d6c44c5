package checks

import (
	"strings"

	"lkdoctor/checks/check"
	"lkdoctor/checks/diagnosis"
	"lkdoctor/checks/placeholder"
	"lkdoctor/config/clean"
	"lkdoctor/config/secret"
)

// hider is the last net under redaction at capture: no argument of a message
// and no fact leaves a check with a value that this run knows to be secret.
type hider struct{ values []string }

// newHider knows the secrets of a case: its own, those of env files and lk's
// projects, the ticket, the token, and a key that is a secret in the wrong
// place.
func newHider(c *Case) *hider {
	h := &hider{}
	s := c.Settings
	h.know(s.APISecret.Secret, s.Token.Secret, s.Ticket.Secret, s.APISecret.Literal)
	if swapped(s) {
		h.know(s.APIKey.Secret)
	}
	for _, header := range c.Options.Headers {
		for _, value := range header.Secrets() {
			h.know(secret.New(value))
		}
	}
	for _, other := range c.candidates() {
		h.know(secret.New(other.Secret()))
	}
	return h
}

// know adds values. Short ones would hide ordinary words, and a template's
// placeholder is no secret.
func (h *hider) know(secrets ...secret.Value) {
	for _, s := range secrets {
		value := s.Reveal()
		if _, unfilled := placeholder.In(value); len(value) >= 8 && !unfilled {
			h.values = append(h.values, value)
		}
	}
}

func (h *hider) text(s string) string {
	for _, value := range h.values {
		if strings.Contains(s, value) {
			s = strings.ReplaceAll(s, value, clean.Hidden)
		}
	}
	return s
}

func (h *hider) value(v any) any {
	switch v := v.(type) {
	case string:
		return h.text(v)
	case Text:
		return h.sentence(v)
	case []string:
		out := make([]string, len(v))
		for i, item := range v {
			out[i] = h.text(item)
		}
		return out
	}
	return v
}

func (h *hider) sentence(t Text) Text {
	if len(t.Args) == 0 {
		return t
	}
	args := make([]any, len(t.Args))
	for i, a := range t.Args {
		args[i] = h.value(a)
	}
	return Text{Format: t.Format, Args: args}
}

func (h *hider) facts(f Facts) Facts {
	if f == nil {
		return nil
	}
	out := make(Facts, len(f))
	for name, v := range f {
		out[name] = h.value(v)
	}
	return out
}

// result hides what a check found.
func (h *hider) result(r check.Result) check.Result {
	findings := make([]Finding, len(r.Findings))
	for i, f := range r.Findings {
		f.Message, f.Facts = h.sentence(f.Message), h.facts(f.Facts)
		for name, sentence := range f.Sentences {
			f = f.Putting(name, h.sentence(sentence))
		}
		findings[i] = f
	}
	r.Findings = findings
	r.Outcome = Outcome{Text: h.sentence(r.Outcome.Text), Facts: h.facts(r.Outcome.Facts)}
	if r.Skip != nil {
		skip := *r.Skip
		skip.Text = h.sentence(skip.Text)
		r.Skip = &skip
	}
	return r
}

// evidence hides what the fixes and the verdict are filled with.
func (h *hider) evidence(e diagnosis.Evidence) diagnosis.Evidence {
	for name, value := range e.Values {
		e.Values[name] = h.text(value)
	}
	for owner, place := range e.Places {
		e.Places[owner] = h.sentence(place)
	}
	e.Again = h.text(e.Again)
	return e
}
