package main

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain makes the test binary be the command when it is called lavoir: the
// scripts and the tests below start, kill and interrupt real processes.
func TestMain(m *testing.M) {
	mains := map[string]func(){
		"lavoir":          main,
		"lavoir-killed":   killedMain,
		"lavoir-attacked": attackedMain,
	}
	maps.Copy(mains, systemMains)
	testscript.Main(tidied{m}, mains)
}

// tidied runs the tests with a temporary folder of their own: commands that are killed
// remove nothing.
type tidied struct{ *testing.M }

func (m tidied) Run() (code int) {
	temp, err := os.MkdirTemp("", "lavoir-tests-")
	if err == nil {
		err = errors.Join(os.Setenv("TMPDIR", temp), os.Setenv("TMP", temp)) // TMP: Windows
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(temp)
	return m.M.Run()
}

// TestScripts runs the command as a user does. A script without a pipeline file
// of its own finds the project of testdata/commune.
//
//	code N command…            the exit code is exactly N
//	copy FROM TO               a folder and all in it
//	decode FILE.base64…        writes FILE
//	nowhere REGEXP DIR…        no file of the folders holds a match
//	old DIR                    the files of a folder, and it, are of 2020
//	replace OLD NEW F          replaces a text in a file that must hold it
//	says stdout|stderr|file F  it reads as file F, where a line … stands for any
//	                           lines and … in a line for any text; CR LF is LF
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 filepath.Join("testdata", "script"),
		RequireUniqueNames:  true,
		RequireExplicitExec: true,
		Setup: func(env *testscript.Env) error {
			root, err := filepath.Abs(filepath.Join("..", ".."))
			if err != nil {
				return err
			}
			env.Setenv("ROOT", root)
			env.Setenv("NO_COLOR", "1")
			for _, files := range []string{"*.hcl", "*.hcl.json"} {
				if own, _ := filepath.Glob(filepath.Join(env.WorkDir, files)); len(own) > 0 {
					return nil
				}
			}
			return copyCommune(env.WorkDir)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"code":    scriptCode,
			"copy":    scriptCopy,
			"decode":  scriptDecode,
			"nowhere": scriptNowhere,
			"old":     scriptOld,
			"replace": scriptReplace,
			"says":    scriptSays,
		},
	})
}

func copyCommune(dir string) error {
	return os.CopyFS(dir, os.DirFS(filepath.Join("testdata", "commune")))
}

func scriptCode(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: code N command…")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			ts.Fatalf("%v", err)
		}
		got = exit.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d\nstdout:\n%s\nstderr:\n%s", got, want, ts.ReadFile("stdout"), ts.ReadFile("stderr"))
	}
}

func scriptSays(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: says stdout|stderr file")
	}
	got, want := ts.ReadFile(args[0]), ts.ReadFile(args[1])
	if !matches(lines(want), lines(got)) {
		ts.Fatalf("%s is\n%s\nwanted\n%s", args[0], got, want)
	}
}

// scriptReplace replaces a text in a file that must hold it; \n is a new line.
func scriptReplace(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: replace old new file")
	}
	text := ts.ReadFile(args[2])
	if !strings.Contains(text, args[0]) {
		ts.Fatalf("%s does not hold %q", args[2], args[0])
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[2]), []byte(strings.ReplaceAll(text, args[0], strings.ReplaceAll(args[1], `\n`, "\n"))), 0o600))
}

func scriptCopy(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: copy from to")
	}
	ts.Check(os.CopyFS(ts.MkAbs(args[1]), os.DirFS(ts.MkAbs(args[0]))))
}

// scriptDecode writes files of base64 as what they stand for, without that ending.
func scriptDecode(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: decode file.base64…")
	}
	for _, name := range args {
		b, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(ts.ReadFile(name)), ""))
		ts.Check(err)
		ts.Check(os.WriteFile(ts.MkAbs(strings.TrimSuffix(name, ".base64")), b, 0o600))
	}
}

func scriptNowhere(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: nowhere regexp folder…")
	}
	what := regexp.MustCompile(args[0])
	for _, dir := range args[1:] {
		ts.Check(filepath.WalkDir(ts.MkAbs(dir), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			data, err := os.ReadFile(path)
			if what.Match(data) {
				ts.Fatalf("%s holds a match of %s", path, args[0])
			}
			return err
		}))
	}
}

func scriptOld(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: old folder")
	}
	when := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	ts.Check(filepath.WalkDir(ts.MkAbs(args[0]), func(path string, _ fs.DirEntry, err error) error {
		return errors.Join(err, os.Chtimes(path, when, when))
	}))
}

func lines(s string) []string {
	out := strings.Split(strings.TrimRight(s, "\n"), "\n")
	for i, l := range out {
		out[i] = strings.TrimRight(l, " \r")
	}
	return out
}

func matches(want, got []string) bool {
	if len(want) == 0 {
		return len(got) == 0
	}
	if want[0] == "…" {
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
	pattern := strings.ReplaceAll(regexp.QuoteMeta(want), "…", ".*")
	return regexp.MustCompile("^" + pattern + "$").MatchString(got)
}

// TestLinesMatch: a matcher that accepts everything would hide everything.
func TestLinesMatch(t *testing.T) {
	for _, c := range []struct {
		want, got string
		ok        bool
	}{
		{"a\nb", "a\nb", true},
		{"a\nb", "a\nb\nc", false},
		{"a\n…", "a\nb\nc", true},
		{"…\nc", "a\nb\nc", true},
		{"…\nc", "a\nb", false},
		{"a … c", "a b c", true},
		{"a … c", "a b d", false},
		{"a.c", "abc", false},
	} {
		if got := matches(lines(c.want), lines(c.got)); got != c.ok {
			t.Errorf("%q against %q: %v", c.want, c.got, got)
		}
	}
}

// tree gives the bytes of every file under a folder, by slash-separated path;
// what the store keeps for itself (the lock) is left out.
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) && path == dir {
			return nil
		}
		if err != nil || d.IsDir() || strings.HasPrefix(d.Name(), ".lavoir") {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		all[filepath.ToSlash(rel)] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}
