package cli

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// auditJSON is what lavoir verify --policy found, for a program.
type auditJSON struct {
	Files    []auditedJSON `json:"files"`
	Problems int           `json:"problems"`
}

type auditedJSON struct {
	File string `json:"file"`
	*pipelines.Audit
	Findings []findingJSON  `json:"findings"`
	Unproved []unprovedJSON `json:"unproved"`
}

type unprovedJSON struct {
	Code string `json:"code"`
	What string `json:"what"`
}

// verifyFile judges a file, or each file of a release, by a policy.
func (a *app) verifyFile(ctx context.Context, place, policy string) error {
	files, err := releasedFiles(place)
	if err != nil {
		return err
	}
	fs := &findings{a: a}
	out := auditJSON{Files: []auditedJSON{}}
	for _, f := range files {
		name := filepath.ToSlash(f.path)
		fs.all = nil
		var audit *pipelines.Audit
		if f.info == nil || f.intact() {
			if audit, err = a.audit(ctx, f.path, policy); err != nil {
				return err
			}
		} else {
			audit = &pipelines.Audit{Findings: []pipelines.Finding{{Check: "bytes of the file", Err: messages.AuditBytes.With("file", f.info.Name)}}}
		}
		for _, x := range audit.Findings {
			fs.add(name, x)
		}
		j := auditedJSON{File: name, Audit: audit, Findings: append([]findingJSON{}, fs.all...), Unproved: []unprovedJSON{}}
		for _, u := range audit.Unproved {
			j.Unproved = append(j.Unproved, unprovedJSON{u.Code, u.What(a.lang)})
		}
		out.Files = append(out.Files, j)
		if !a.json() {
			a.audited(audit)
		}
	}
	out.Problems = fs.bad
	if a.json() {
		if err := a.printJSON(out); err != nil {
			return err
		}
	}
	if fs.bad > 0 {
		return messages.AuditFails.With("count", fs.bad)
	}
	return nil
}

// audited prints the figures of a file, and what it does not prove.
func (a *app) audited(x *pipelines.Audit) {
	a.exposed(fmt.Sprintf(a.t("rows %d, classes %d, smallest %d, rows alone %d", "lignes %d, groupes %d, le plus petit %d, lignes seules %d"), x.Rows, x.Classes, x.Smallest, x.Uniques), x.Exposure)
	for _, u := range x.Unproved {
		fmt.Fprintf(a.Out, a.t("? not proved: %s (%s)\n", "? non prouvé : %s (%s)\n"), u.What(a.lang), u.Code)
	}
}

// audit judges one file.
func (a *app) audit(ctx context.Context, file, policy string) (*pipelines.Audit, error) {
	dir, err := os.MkdirTemp("", "lavoir-verify-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	project, err := a.explored(ctx, file, policy, dir, exploredModel{})
	if err != nil {
		return nil, err
	}
	project.State = filepath.Join(dir, "state") // nothing of it is kept
	var task *pipelines.Task
	sel := pipelines.Selection{Pipeline: exploredPipeline}
	if err := a.diagnose(project.Tasks(sel, func(t pipelines.Task) bool { task = &t; return false })); err != nil {
		return nil, err
	}
	return pipelines.AuditTask(ctx, a.reg, &project.Project, *task, file, a.options())
}

// releasedFile is a file that is judged; info is what the manifest of its release says.
type releasedFile struct {
	path string
	info *pipelines.FileInfo
}

// releasedFiles are the file itself, or those of the release whose folder it is.
func releasedFiles(place string) ([]releasedFile, error) {
	st, err := os.Stat(place)
	if err != nil {
		return nil, messages.GuessNoFile.With("file", place, "why", pipelines.Unreadable(err))
	}
	if !st.IsDir() {
		return []releasedFile{{path: place}}, nil
	}
	no := func(why any) error { return messages.AuditNoRelease.With("file", place, "why", why) }
	data, err := os.ReadFile(filepath.Join(place, "manifest.json"))
	if err != nil {
		return nil, no(pipelines.Unreadable(err))
	}
	var m pipelines.Manifest
	if json.Unmarshal(data, &m) != nil || len(m.Files) == 0 {
		return nil, no("its manifest cannot be read")
	}
	var files []releasedFile
	for i, f := range m.Files {
		if filepath.Base(f.Name) != f.Name {
			return nil, no("its manifest cannot be read")
		}
		files = append(files, releasedFile{filepath.Join(place, f.Name), &m.Files[i]})
	}
	return files, nil
}

// intact says whether the file has the bytes that the manifest names.
func (f releasedFile) intact() bool {
	in, err := os.Open(f.path)
	if err != nil {
		return false
	}
	defer in.Close()
	sum := sha256.New()
	n, err := io.Copy(sum, in)
	return err == nil && n == f.info.Bytes && hex.EncodeToString(sum.Sum(nil)) == f.info.SHA256
}
