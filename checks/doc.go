// Package checks is the doctor itself: the checks of each stage, and Do, which
// runs them against a Case and draws the conclusion. It touches the network through
// Case.Net only, reads no environment variable itself, and writes no file. Do leaves
// every room and closes every connection of its run.
//
// A new check is a file named stage_subject.go with one constructor, a line in
// All, a page in checks/catalogue for each code that it can report, the Chinese
// words of its messages in checks/i18n/zh.json, and a fault of the lab that leads
// to it.
package checks

import (
	"lkdoctor/checks/check"
	"lkdoctor/checks/finding"
)

// The words of the model, which every check uses.
type (
	// Check is one question with a stable ID.
	Check = check.Check
	// Spec is what is known of a check before it runs.
	Spec = check.Spec
	// Report is the result of a check.
	Report = check.Report
	// Ended are the results that a check declared it reads.
	Ended = check.Ended
	// Outcome is one line on what a check saw.
	Outcome = check.Outcome
	// Code names one kind of finding.
	Code = finding.Code
	// Finding is one problem or remark of this run.
	Finding = finding.Finding
	// Facts are measured details.
	Facts = finding.Facts
	// Owner is the party that must act.
	Owner = finding.Owner
	// Text is a translatable sentence.
	Text = finding.Text
)

// All lists every check of c in the order shown. A nil c gives checks that are
// only described, not run. A new check is a line here.
func All(c *Case) []Check {
	return []Check{
		envFiles(c), envLiveKit(c), envTicket(c), envExposure(c),
		ticketReach(c), ticketConsume(c), ticketFrontend(c),
		tokenFormat(c), tokenClaims(c), tokenTime(c),
		signatureLocal(c), signatureServer(c),
		joinReach(c), joinWebSocket(c), joinMedia(c),
		joinBrowser(c), joinAgent(c), joinAPI(c),
		joinTurn(c), joinPublish(c), joinReconnect(c),
		fallbackMint(c), fallbackJoin(c),
	}
}

// Specs describes every check, in the order shown.
func Specs() []Spec { return check.Specs(All(nil)) }
