// Doctest runs the documents: what a page tells a reader to write and to type
// is written and typed, so that no page can rot.
//
//	doctest [-in DIR] FILE…
//
// In each file, in order: a fenced block whose info string is "<language>
// <path>" is written to that path; a block "sh" is run by bash -eu; a block
// "output" after it must be what it printed, where a line … stands for any
// number of lines and … in a line for anything. A block "sh skip" is not run. Each file gets an empty folder
// of its own, or runs in DIR.
package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

func main() {
	dir := flag.String("in", "", "run in this folder instead of an empty one")
	flag.Parse()
	for _, file := range flag.Args() {
		if err := document(file, *dir); err != nil {
			fmt.Fprintln(os.Stderr, "doctest:", err)
			os.Exit(1)
		}
	}
}

type block struct {
	line int
	info []string
	text string
}

func document(file, dir string) error {
	src, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if dir == "" {
		if dir, err = os.MkdirTemp("", "doctest-*"); err != nil {
			return err
		}
		defer os.RemoveAll(dir)
	}
	printed, ran := "", 0
	for _, b := range blocks(string(src)) {
		at := fmt.Sprintf("%s:%d", file, b.line)
		switch {
		case b.info[0] == "sh" && len(b.info) > 1 && b.info[1] == "skip":
		case b.info[0] == "sh":
			fmt.Printf("%s\n", at)
			if printed, err = shell(dir, b.text); err != nil {
				return fmt.Errorf("%s: %w", at, err)
			}
			ran++
		case b.info[0] == "output":
			if !matches(strings.Split(strings.TrimSpace(b.text), "\n"), strings.Split(strings.TrimSpace(printed), "\n")) {
				return fmt.Errorf("%s: the output is\n%s", at, printed)
			}
		case len(b.info) > 1:
			path := filepath.Join(dir, filepath.FromSlash(b.info[1]))
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				return err
			}
			if err := os.WriteFile(path, []byte(b.text), 0o644); err != nil {
				return err
			}
		}
	}
	if ran == 0 {
		return fmt.Errorf("%s: no command in it was run", file)
	}
	fmt.Printf("%s: %d blocks run\n", file, ran)
	return nil
}

func blocks(src string) []block {
	var out []block
	var cur *block
	for i, line := range strings.Split(src, "\n") {
		switch {
		case cur == nil && strings.HasPrefix(line, "```") && len(line) > 3:
			cur = &block{line: i + 1, info: strings.Fields(line[3:])}
		case cur != nil && line == "```":
			out = append(out, *cur)
			cur = nil
		case cur != nil:
			cur.text += line + "\n"
		case strings.HasPrefix(line, "```"): // a block without language is prose
			cur = &block{line: i + 1, info: []string{"text"}}
		}
	}
	return out
}

func shell(dir, script string) (string, error) {
	cmd := exec.Command("bash", "-eu", "-c", script)
	cmd.Dir = dir
	var all strings.Builder
	// One pipe, as a terminal is: what comes from both keeps its order.
	out := &both{&all, os.Stdout}
	cmd.Stdout, cmd.Stderr = out, out
	err := cmd.Run()
	return all.String(), err
}

type both struct {
	kept *strings.Builder
	out  *os.File
}

func (b *both) Write(p []byte) (int, error) {
	b.kept.Write(p)
	return b.out.Write(p)
}

// matches compares printed lines with wanted ones; … stands for any number.
func matches(want, got []string) bool {
	if len(want) == 0 {
		return len(got) == 0
	}
	if strings.TrimSpace(want[0]) == "…" {
		for i := 0; i <= len(got); i++ {
			if matches(want[1:], got[i:]) {
				return true
			}
		}
		return false
	}
	return len(got) > 0 && sameLine(want[0], got[0]) && matches(want[1:], got[1:])
}

func sameLine(want, got string) bool {
	before, after, some := strings.Cut(strings.TrimSpace(want), "…")
	got = strings.TrimSpace(got)
	if !some {
		return before == got
	}
	return len(got) >= len(before)+len(after) && strings.HasPrefix(got, before) && strings.HasSuffix(got, after)
}
