package main

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// openWait is how long opens waits for the program to fail. Some programs run as long as
// the browser does.
const openWait = 2 * time.Second

// opener returns the desktop's command that opens an address.
func opener(goos, address string) []string {
	switch goos {
	case "darwin":
		return []string{"open", address}
	case "windows":
		return []string{"rundll32", "url.dll,FileProtocolHandler", address}
	}
	return []string{"xdg-open", address}
}

// open opens an address, and returns the name of the program that it started.
func (a *app) open(address string) (string, error) {
	return opens(opener(runtime.GOOS, address), a.environ)
}

// opens runs a program that opens an address, and returns its name. It returns an error
// if the program is missing or fails within openWait.
func opens(argv, environ []string) (string, error) {
	command := exec.Command(argv[0], argv[1:]...)
	command.Env = environ
	name := filepath.Base(argv[0])
	if err := command.Start(); err != nil {
		return name, fmt.Errorf("start %s: %w", name, err)
	}
	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }()
	select {
	case err := <-ended:
		if err != nil {
			return name, fmt.Errorf("%s: %w", name, err)
		}
	case <-time.After(openWait):
	}
	return name, nil
}

// takesLinks reports whether the environment names a terminal that supports links (OSC
// 8). tmux passes them on since version 3.4.
func takesLinks(getenv func(string) string) bool {
	version := getenv("TERM_PROGRAM_VERSION")
	switch program := getenv("TERM_PROGRAM"); program {
	case "tmux":
		major, rest, _ := strings.Cut(version, ".")
		minor := strings.TrimRight(rest, "abcdefghijklmnopqrstuvwxyz")
		return number(major) > 3 || number(major) == 3 && number(minor) >= 4
	case "iTerm.app", "WezTerm", "vscode", "ghostty", "Hyper", "Tabby", "rio", "WarpTerminal":
		return getenv("TMUX") == ""
	}
	if getenv("TMUX") != "" || getenv("STY") != "" {
		return false
	}
	term := getenv("TERM")
	for _, name := range []string{"kitty", "ghostty", "alacritty", "foot", "wezterm", "contour"} {
		if strings.Contains(term, name) {
			return true
		}
	}
	return number(getenv("VTE_VERSION")) >= 5000 || getenv("WT_SESSION") != "" || getenv("KONSOLE_VERSION") != "" || getenv("DOMTERM") != ""
}

// number returns a decimal number, 0 for other text.
func number(text string) int {
	n, _ := strconv.Atoi(text)
	return n
}
