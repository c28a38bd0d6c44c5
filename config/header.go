package config

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"golang.org/x/net/http/httpguts"

	"lkdoctor/config/secret"
)

// Header is a request header whose value is a secret: a cookie, an API key.
type Header struct {
	// Name is in its canonical form, as X-Sandbox-Id.
	Name  string
	Value secret.Value
}

// Limits of what ParseHeaders takes.
const (
	maxHeaders    = 64
	maxHeaderFile = 64 << 10
)

// ParseHeaders reads headers as curl's -H takes them: "Name: value", or @file for one a
// line, without blank lines and those that begin with #. No error holds a value.
func ParseHeaders(given []string, read func(path string) ([]byte, error)) ([]Header, error) {
	var out []Header
	for _, text := range given {
		path, isFile := strings.CutPrefix(text, "@")
		if !isFile {
			h, err := parseHeader(text)
			if err != nil {
				return nil, err
			}
			out = append(out, h)
			continue
		}
		data, err := read(path)
		if err != nil {
			return nil, fmt.Errorf("read the headers: %w", err)
		}
		if len(data) > maxHeaderFile {
			return nil, fmt.Errorf("%s is longer than %d bytes", path, maxHeaderFile)
		}
		for i, line := range strings.Split(string(data), "\n") {
			if line = strings.TrimRight(line, "\r"); strings.TrimSpace(line) == "" || strings.HasPrefix(line, "#") {
				continue
			}
			h, err := parseHeader(line)
			if err != nil {
				return nil, fmt.Errorf("%s, line %d: %w", path, i+1, err)
			}
			out = append(out, h)
		}
	}
	if len(out) > maxHeaders {
		return nil, fmt.Errorf("%d headers are more than %d", len(out), maxHeaders)
	}
	return out, nil
}

func parseHeader(text string) (Header, error) {
	name, value, colon := strings.Cut(text, ":")
	value = strings.TrimSpace(value)
	switch {
	case !colon:
		return Header{}, errors.New("a header is written 'Name: value'")
	case !httpguts.ValidHeaderFieldName(name):
		return Header{}, errors.New("what stands before the colon of a header is no name of one")
	case !httpguts.ValidHeaderFieldValue(value):
		return Header{}, fmt.Errorf("the value of the header %s has characters that no header may have", name)
	}
	name = http.CanonicalHeaderKey(name)
	switch name {
	case "Host", "Content-Length", "Transfer-Encoding", "Connection", "Upgrade", "Te", "Trailer":
		return Header{}, fmt.Errorf("the header %s belongs to the connection and cannot be set", name)
	}
	return Header{Name: name, Value: secret.New(value)}, nil
}

// Secrets are the values to be hidden: each whole, and what stands in it behind
// a scheme or a cookie's name ("Bearer …", "session=…").
func (h Header) Secrets() []string {
	value := h.Value.Reveal()
	out := []string{value}
	for part := range strings.FieldsFuncSeq(value, func(r rune) bool { return r == ';' || r == ' ' || r == ',' }) {
		if _, cookie, is := strings.Cut(part, "="); is && strings.Trim(cookie, "=") != "" {
			part = cookie
		}
		if len(part) >= 8 && part != value {
			out = append(out, part)
		}
	}
	return out
}
