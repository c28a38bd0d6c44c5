package answer

import (
	"runtime"
	"strings"
	"testing"
)

const mebibyte = 1 << 20

// hostile returns bodies of 1 MiB that are slow to read, and one nested 200,000 levels deep.
func hostile() map[string]string {
	repeat := func(before, unit, after string) string {
		return before + strings.Repeat(unit, (mebibyte-len(before)-len(after))/len(unit)) + after
	}
	levels := strings.Repeat(`{"`+strings.Repeat("k!", 12)+`":`, 90)
	return map[string]string{
		"deep":        strings.Repeat(`{"a":`, 200_000) + "1" + strings.Repeat("}", 200_000),
		"objects":     repeat(`[`, `{},`, `{}]`),
		"members":     repeat(`{`, `"a":1,`, `"token":"x"}`),
		"same key":    repeat(`{`, `"token":"`+opaqueToken+`",`, `"token":"x"}`),
		"wrappers":    repeat(`{`, `"data":{"token":"x"},`, `"token":"x"}`),
		"tokens":      repeat(`[`, `{"token":"`+videoToken+`"},`, `1]`),
		"tokens deep": repeat(levels+`[`, `{"token":"`+videoToken+`"},`, `1]`+strings.Repeat("}", 90)),
		"one string":  repeat(`{"token":"`, "A", `"}`),
		"escapes":     repeat(`{"token":"`, `\u0041`, `"}`),
		"in a string": repeat(`{"body":"{\"x\":[`, `{},`, `1]}"}`),
		"claims":      `{"token":"` + jwtOf(`{"a":[`+strings.Repeat(`{},`, 250_000)+`1]}`) + `"}`,
		"half JWTs":   repeat(`{"x":"`, `eyJ.. `, `"}`),
		"errors":      repeat(`{"detail":[`, `{"loc":["a"],"msg":"b"},`, `1]}`),
		"page":        repeat(`<html>`, `<p>a&amp;b `, `</html>`),
		"text":        repeat(`x `, `access_token= bearer eyJ `, `.`),
	}
}

// TestMemory checks that reading 1 MiB allocates at most 50 MiB in total.
func TestMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("with -short, no answers of megabytes")
	}
	for name, body := range hostile() {
		t.Run(name, func(t *testing.T) {
			raw := []byte(body)
			for what, run := range map[string]func(){
				"Find":      func() { Find(raw, "", TicketService) },
				"ErrorText": func() { ErrorText(raw, "") },
				"Pasted":    func() { Pasted(body) },
			} {
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				run()
				runtime.ReadMemStats(&after)
				if took := after.TotalAlloc - before.TotalAlloc; took > 50*mebibyte {
					t.Errorf("%s takes %d MiB", what, took/mebibyte)
				}
			}
		})
	}
}

func BenchmarkFind(b *testing.B) {
	bodies := hostile()
	bodies["incident"] = fill(`{"token":"OPAQUE","url":"wss://lk.example","room":"r","identity":"i"}`)
	for name, body := range bodies {
		raw := []byte(body)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Find(raw, "", TicketService)
			}
		})
	}
}

func BenchmarkPasted(b *testing.B) {
	for name, body := range hostile() {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Pasted(body)
			}
		})
	}
}
