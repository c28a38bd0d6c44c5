package tui

import "testing"

// finishedScreen returns the screen of a finished run in a window of the given size.
func finishedScreen(b *testing.B, width, height int) model {
	deps, _ := testDeps()
	m := newModel(deps.withDefaults(), newSession(b.Context(), deps.Start))
	return resized(ends(m, opaqueRun()), width, height)
}

// BenchmarkUpdate measures two keys without drawing.
func BenchmarkUpdate(b *testing.B) {
	m := finishedScreen(b, 200, 60)
	for b.Loop() {
		m = step(m, press("j"), press("k"))
	}
}

// BenchmarkView measures a frame of a large window, and of one in which few layouts fit.
func BenchmarkView(b *testing.B) {
	for name, size := range map[string][2]int{"large": {200, 60}, "small": {60, 16}} {
		m := finishedScreen(b, size[0], size[1])
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				_ = m.View()
			}
		})
	}
}
