package archtest

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// licences are those that may be in the binary, each with what its text says.
var licences = map[string]*regexp.Regexp{
	"Apache-2.0":   regexp.MustCompile(`Apache License,? Version 2\.0`),
	"BSD-2-Clause": regexp.MustCompile(`Redistribution and use in source and binary forms`),
	"BSD-3-Clause": regexp.MustCompile(`Redistribution and use in source and binary forms.*(?i:neither the name)`),
	"ISC":          regexp.MustCompile(`Permission to use, copy, modify, and/or distribute this software for any purpose`),
	"MIT":          regexp.MustCompile(`Permission is hereby granted, free of charge`),
	"MPL-2.0":      regexp.MustCompile(`^Mozilla Public License,? (v|version) ?2\.0|^Copyright .{0,80}Mozilla Public License,? (v|version) ?2\.0`),
}

// copyleft is the title of a licence that must not be in the binary. Others
// name these further down, to say that they go together.
var copyleft = regexp.MustCompile(`(?i)^.{0,300}GNU (lesser |library |affero )?general public license`)

type linkedModule struct{ version, dir string }

// linked are the modules of the command on every platform it is built for.
func linked(t *testing.T) map[string]linkedModule {
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("there is no go command to list what is linked")
	}
	mods := map[string]linkedModule{}
	for _, platform := range []string{"linux/amd64", "linux/arm64", "windows/amd64"} {
		goos, arch, _ := strings.Cut(platform, "/")
		cmd := exec.Command("go", "list", "-deps", "-f", "{{with .Module}}{{if not .Main}}{{.Path}}\t{{.Version}}\t{{.Dir}}{{end}}{{end}}", "./cmd/lavoir")
		cmd.Dir = filepath.Join("..", "..")
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+goos, "GOARCH="+arch)
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("list modules for %s: %v", platform, err)
		}
		for line := range strings.Lines(string(out)) {
			if f := strings.Split(strings.TrimSpace(line), "\t"); len(f) == 3 {
				mods[f[0]] = linkedModule{f[1], f[2]}
			}
		}
	}
	return mods
}

// TestModulesAreReviewed holds docs/dependencies.txt to what is linked: the same
// modules and versions, and licences that their own texts bear out.
func TestModulesAreReviewed(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "dependencies.txt"))
	if err != nil {
		t.Fatal(err)
	}
	mods := linked(t)
	seen, last := map[string]bool{}, ""
	for line := range strings.Lines(string(text)) {
		f := strings.Fields(line)
		if len(f) == 0 || strings.HasPrefix(line, "#") {
			continue
		}
		if len(f) < 4 {
			t.Errorf("%q lacks its version, licence or reason", f[0])
			continue
		}
		if f[0] <= last {
			t.Errorf("%s is not in order, or twice", f[0])
		}
		last, seen[f[0]] = f[0], true
		switch m, ok := mods[f[0]]; {
		case !ok:
			t.Errorf("%s is listed and not in the binary", f[0])
		case m.version != f[1]:
			t.Errorf("%s is linked at %s and listed at %s: was the change reviewed?", f[0], m.version, f[1])
		default:
			checkLicence(t, f[0], f[2], m.dir)
		}
	}
	for _, path := range sortedKeys(mods) {
		if !seen[path] {
			t.Errorf("%s is in the binary and not in docs/dependencies.txt", path)
		}
	}
}

// checkLicence reads the module's own licence.
func checkLicence(t *testing.T, path, ids, dir string) {
	var text string
	for _, name := range []string{"LICENSE", "LICENSE.txt", "LICENSE.md", "COPYING"} {
		if data, err := os.ReadFile(filepath.Join(dir, name)); err == nil {
			text = strings.Join(strings.Fields(string(data)), " ")
			break
		}
	}
	if text == "" {
		t.Errorf("%s has no licence", path)
		return
	}
	if copyleft.MatchString(text) {
		t.Errorf("%s is under the GPL or one of its kind", path)
	}
	for id := range strings.SplitSeq(ids, ",") {
		if want := licences[id]; want == nil {
			t.Errorf("%s: %s is no licence that may be in the binary", path, id)
		} else if !want.MatchString(text) {
			t.Errorf("%s: its licence does not read like %s", path, id)
		}
	}
}

func TestCopyleftIsSeen(t *testing.T) {
	for text, want := range map[string]bool{
		"GNU GENERAL PUBLIC LICENSE Version 3, 29 June 2007":        true,
		"GNU AFFERO GENERAL PUBLIC LICENSE Version 3":               true,
		"GNU LESSER GENERAL PUBLIC LICENSE Version 2.1":             true,
		"Permission is hereby granted, free of charge, to any":      false,
		"Mozilla Public License, version 2.0 1. Definitions 1.1":    false,
		"Copyright (c) Someone. Released under the GNU GPL, or MIT": false,
	} {
		if copyleft.MatchString(text) != want {
			t.Errorf("%q: copyleft %v, want %v", text, !want, want)
		}
	}
}
