package checks

import (
	"maps"
	"slices"
	"strings"

	"lkdoctor/checks/check"
	"lkdoctor/checks/diagnosis"
	"lkdoctor/checks/placeholder"
	"lkdoctor/config"
	"lkdoctor/config/clean"
)

// Secrets returns the secrets of settings and options, without placeholders.
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

// learnCandidates adds the secrets of env files and variables to the run's Redactor,
// and returns it. Short values are left out: they would hide ordinary words.
func (c *Case) learnCandidates() *clean.Redactor {
	var list []string
	for _, other := range c.candidates() {
		value := other.Secret()
		if _, unfilled := placeholder.In(value); len(value) >= 8 && !unfilled {
			list = append(list, value)
		}
	}
	c.Redact.Learn(list...)
	return c.Redact
}

// hideInResult returns r without secrets in texts and facts.
func hideInResult(redact *clean.Redactor, r check.Result) check.Result {
	findings := make([]Finding, len(r.Findings))
	for i, f := range r.Findings {
		f.Message, f.Facts = redact.HideIn(f.Message).(Text), redact.HideIn(f.Facts).(Facts)
		f.Sentences = maps.Clone(f.Sentences)
		for name, sentence := range f.Sentences {
			f.Sentences[name] = redact.HideIn(sentence).(Text)
		}
		findings[i] = f
	}
	r.Findings = findings
	r.Outcome = redact.HideIn(r.Outcome).(Outcome)
	if r.Skip != nil {
		skip := *r.Skip
		skip.Text = redact.HideIn(skip.Text).(Text)
		r.Skip = &skip
	}
	return r
}

// hideInEvidence returns e, which fills fixes and verdict, without secrets. The names
// of values are the program's, and stay even where a secret begins like one.
func hideInEvidence(redact *clean.Redactor, e diagnosis.Evidence) diagnosis.Evidence {
	e.Values = maps.Clone(e.Values)
	for name, value := range e.Values {
		e.Values[name] = redact.Hide(value)
	}
	e.Places = redact.HideIn(e.Places).(map[Owner]Text)
	e.Again = redact.Hide(e.Again)
	return e
}
