package checks

import (
	"slices"
	"strings"

	"lkdoctor/checks/check"
	"lkdoctor/checks/diagnosis"
	"lkdoctor/checks/placeholder"
	"lkdoctor/config"
	"lkdoctor/config/clean"
)

// Secrets returns the values of settings and options that are secret. A template's
// placeholder is none.
func Secrets(s *config.Settings, o Options) []string {
	list := s.Secrets()
	if swapped(s) {
		list = append(list, s.APIKey.Value)
	}
	for _, header := range o.Headers {
		list = append(list, header.Secrets()...)
	}
	for _, address := range []string{o.GivenURL, o.Frontend, o.TokenEndpoint} {
		list = append(list, config.AddressSecrets(address)...)
	}
	return slices.DeleteFunc(list, func(value string) bool {
		_, unfilled := placeholder.In(value)
		return unfilled
	})
}

// learn adds a token that the run received to what its Redactor removes. A word or
// sentence in a token's place is not added.
func (c *Case) learn(token string) {
	if _, unfilled := placeholder.In(token); len(token) >= 16 && !unfilled && !strings.ContainsAny(token, " \t\r\n") {
		c.Redact.LearnFrom(token)
	}
}

// hider removes the run's secrets from all arguments and facts of results, after
// redaction at capture.
type hider struct{ redact *clean.Redactor }

// newHider returns a hider for the secrets of a case, of env files and of other
// variables. Short values of the latter two are left out: they would hide ordinary
// words.
func newHider(c *Case) *hider {
	var list []string
	for _, other := range c.candidates() {
		value := other.Secret()
		if _, unfilled := placeholder.In(value); len(value) >= 8 && !unfilled {
			list = append(list, value)
		}
	}
	c.Redact.Learn(list...)
	return &hider{c.Redact}
}

func (h *hider) text(s string) string { return h.redact.Hide(s) }

func (h *hider) sentence(t Text) Text { return h.redact.HideIn(t).(Text) }

func (h *hider) facts(f Facts) Facts { return h.redact.HideIn(f).(Facts) }

// result returns r without secrets.
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

// evidence returns e, which fills fixes and verdict, without secrets.
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

// run returns r without secrets in its settings and subject.
func (h *hider) run(r check.Run) check.Run {
	r.Settings, r.Target = h.redact.HideIn(r.Settings).([]config.Shown), h.redact.HideIn(r.Target).(check.Target)
	return r
}
