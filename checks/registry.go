package checks

import (
	"lkdoctor/checks/catalogue"
	"lkdoctor/checks/finding"
)

// All lists every check in the order shown. A new check is a line here.
func All() []Check {
	return []Check{
		envFiles(), envLiveKit(), envTicket(), envExposure(),
		ticketReach(), ticketConsume(), ticketFrontend(),
		tokenFormat(), tokenClaims(), tokenTime(),
		signatureLocal(), signatureServer(),
		joinReach(), joinWebSocket(), joinMedia(),
		joinTurn(), joinPublish(), joinReconnect(),
		fallbackMint(), fallbackJoin(),
	}
}

// withFixes gives each finding that brought no fix of its own those of its
// catalogue page, and each its page's owner unless this run knows better.
func withFixes(findings []Finding) []Finding {
	for i := range findings {
		page, known := catalogue.Lookup(findings[i].Code)
		if !known {
			continue
		}
		if len(findings[i].Fixes) == 0 {
			v, _ := page.Variant(findings[i].Variant)
			findings[i].Fixes = v.Fixes
		}
		if findings[i].Owner == "" && page.Owner != finding.OwnerMaker {
			findings[i].Owner = page.Owner
		}
	}
	return findings
}
