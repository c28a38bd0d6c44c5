package tui

import (
	"fmt"
	"io"
	"testing"

	"github.com/charmbracelet/lipgloss"
	"github.com/muesli/termenv"

	"lkdoctor/checks/i18n"
	"lkdoctor/tui/term"
)

// eachFace compares a screen with goldens in both languages and sizes, and with colours for
// light and dark backgrounds.
func eachFace(t *testing.T, name string, m model) {
	t.Helper()
	for _, size := range [][2]int{{80, 24}, {120, 40}} {
		for _, lang := range []string{"en", "zh"} {
			for _, colours := range []string{"", "light", "dark"} {
				if (colours == "light") != (lang == "en") && colours != "" {
					continue // English in light, Chinese in dark colours
				}
				own := m
				own.Translate = i18n.Translator(lang)
				file := fmt.Sprintf("%s_%s_%dx%d", name, lang, size[0], size[1])
				if colours != "" {
					r := lipgloss.NewRenderer(io.Discard)
					r.SetColorProfile(termenv.ANSI256)
					own.Styles = term.NewStyles(r, colours == "dark")
					file += "_" + colours
				}
				golden(t, file, resized(own, size[0], size[1]).View())
			}
		}
	}
}
