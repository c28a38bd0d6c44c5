package report

import (
	"strings"
	"testing"
)

// TestNoLineBeginsWithAClosingMark: Chinese text breaks anywhere but there.
func TestNoLineBeginsWithAClosingMark(t *testing.T) {
	const text = "令牌是用错误的密钥签名的。要修的地方：票据服务（见下面的步骤），不是你的设置。"
	for columns := 6; columns < 60; columns++ {
		lines := wrap(text, columns)
		if got := strings.Join(lines, ""); got != text {
			t.Fatalf("%d columns: %q is lost or added to", columns, got)
		}
		for _, line := range lines {
			if strings.HasPrefix(line, "。") || strings.HasPrefix(line, "，") || strings.HasPrefix(line, "）") {
				t.Errorf("%d columns: a line begins with a closing mark: %q", columns, line)
			}
		}
	}
}
