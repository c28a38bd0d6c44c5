package report

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"

	"lkdoctor/checks/check"
	"lkdoctor/checks/finding"
)

// junitStart is the beginning of every JUnit file of lkdoctor.
const junitStart = xml.Header + `<testsuites name="lkdoctor"`

// IsJUnit reports whether a file with this beginning was written by JUnit.
func IsJUnit(beginning []byte) bool { return strings.HasPrefix(string(beginning), junitStart) }

// junitTotals are the attributes that all suites and each of them have.
type junitTotals struct {
	Name     string `xml:"name,attr"`
	Tests    int    `xml:"tests,attr"`
	Failures int    `xml:"failures,attr"`
	Errors   int    `xml:"errors,attr"`
	Skipped  int    `xml:"skipped,attr"`
	Time     string `xml:"time,attr"`
}

type junitSuites struct {
	XMLName xml.Name `xml:"testsuites"`
	junitTotals
	Suites []junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	junitTotals
	Timestamp string      `xml:"timestamp,attr"`
	Cases     []junitCase `xml:"testcase"`
}

type junitCase struct {
	Name      string       `xml:"name,attr"`
	ClassName string       `xml:"classname,attr"`
	Time      string       `xml:"time,attr"`
	Failure   *junitDetail `xml:"failure,omitempty"`
	Error     *junitDetail `xml:"error,omitempty"`
	Skipped   *junitDetail `xml:"skipped,omitempty"`
	Output    string       `xml:"system-out,omitempty"`
}

type junitDetail struct {
	Message string `xml:"message,attr,omitempty"`
	Type    string `xml:"type,attr,omitempty"`
	Text    string `xml:",chardata"`
}

// JUnit writes the run as JUnit XML: a suite a stage, a case a check. A warning is
// output of its case, or a failure if strict, as for the exit code.
func JUnit(w io.Writer, d Document, strict bool) error {
	all := junitSuites{junitTotals: junitTotals{Name: "lkdoctor", Time: seconds(d.DurationMS)}}
	for _, stage := range check.Stages() {
		suite := junitSuite{junitTotals: junitTotals{Name: string(stage)}, Timestamp: d.StartedAt.Format("2006-01-02T15:04:05")}
		total := 0.0
		for _, c := range d.Checks {
			if c.Stage != stage {
				continue
			}
			suite.add(c, strict)
			total += c.DurationMS
		}
		suite.Time = seconds(total)
		all.Tests, all.Failures = all.Tests+suite.Tests, all.Failures+suite.Failures
		all.Errors, all.Skipped = all.Errors+suite.Errors, all.Skipped+suite.Skipped
		all.Suites = append(all.Suites, suite)
	}
	text, err := xml.MarshalIndent(all, "", "  ")
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "%s%s\n", xml.Header, text)
	return err
}

func (s *junitSuite) add(c CheckInfo, strict bool) {
	test := junitCase{Name: c.ID, ClassName: "lkdoctor." + string(c.Stage), Time: seconds(c.DurationMS)}
	s.Tests++
	switch {
	case c.Skip != nil:
		s.Skipped++
		test.Skipped = &junitDetail{Message: c.Skip.Text}
	case c.Status == check.StatusError:
		s.Errors++
		test.Error = junitFindings(c, finding.Fail)
	case c.Status == check.StatusFail:
		s.Failures++
		test.Failure = junitFindings(c, finding.Fail)
	case c.Status == check.StatusWarn && strict:
		s.Failures++
		test.Failure = junitFindings(c, finding.Warn)
	case c.Outcome != nil && len(c.Findings) == 0:
		test.Output = c.Outcome.Text
	case len(c.Findings) > 0:
		test.Output = junitFindings(c, "").Text
	}
	s.Cases = append(s.Cases, test)
}

// junitFindings returns all findings of a check. Message and type are those of the
// first with the given severity.
func junitFindings(c CheckInfo, severity finding.Severity) *junitDetail {
	d := &junitDetail{}
	var b strings.Builder
	for _, f := range c.Findings {
		if d.Type == "" && f.Severity == severity {
			d.Message, d.Type = f.Message, string(f.Code)
		}
		fmt.Fprintf(&b, "%s (%s, %s): %s\n", f.Code, f.Severity, f.Owner, f.Message)
		for _, fix := range f.Fixes {
			fmt.Fprintf(&b, "  - %s\n", fix.Text)
			if fix.Command != nil {
				fmt.Fprintf(&b, "    %s\n", strings.ReplaceAll(*fix.Command, "\n", "\n    "))
			}
		}
	}
	d.Text = b.String()
	return d
}

func seconds(ms float64) string { return fmt.Sprintf("%.4f", ms/1e3) }
