package cli

import (
	"context"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/hclfile"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

func (a *app) doctorCmd() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "doctor [folder or file]",
		Short: a.t("Check everything the project reaches, with a remedy for each problem", "Vérifier tout ce que le projet atteint, avec un remède à chaque problème"),
		Example: `  lavoir doctor
  lavoir doctor --tenant 219900017`,
		RunE: func(cmd *cobra.Command, args []string) error {
			p, err := a.load(args)
			if err != nil {
				return err
			}
			fs := &findings{a: a}
			if err := a.doctor(cmd, p, fs); err != nil {
				return err
			}
			fs.end()
			if fs.bad > 0 {
				if c := pipelines.ExitCode(fs.err); c > 0 {
					return exitError(c)
				}
				return exitError(pipelines.ExitEnvironment)
			}
			return nil
		},
	}
	return a.selection(cmd)
}

func (a *app) doctor(cmd *cobra.Command, p *hclfile.Project, fs *findings) error {
	ctx := cmd.Context()
	_, diags := pipelines.Validate(ctx, &p.Project, a.flags.sel, a.log())
	for _, d := range diags {
		x := pipelines.Finding{Check: d.Summary}
		if m, ok := d.Extra.(*messages.Error); ok {
			x.Check, x.Err = a.t("pipeline files", "fichiers de pipeline"), m
		}
		where := a.t("project", "projet")
		if d.Subject != nil {
			where = d.Subject.String()
		}
		fs.add(where, x)
	}
	if len(diags) == 0 {
		fs.add(a.t("project", "projet"), pipelines.Finding{Check: a.t("pipeline files", "fichiers de pipeline"), OK: true})
	}
	project, remove, err := withoutLostKey(ctx, p)
	if err != nil {
		return err
	}
	defer remove()
	env, done, err := pipelines.Environment(ctx, &project, a.options())
	if err != nil {
		return err
	}
	defer done()
	fs.add(a.t("state folder", "dossier d'état"), pipelines.Finding{Check: a.t("can be written", "peut être écrit"), OK: true})
	if free, known := freeDisk(project.State); known {
		x := pipelines.Finding{Check: "disk", OK: true, Note: fmt.Sprintf("%d GiB free", free>>30)}
		if free < leastDisk {
			x.OK, x.Err = false, messages.DiskFull.With("store", project.State)
		}
		fs.add(a.t("state folder", "dossier d'état"), x)
	}
	wanted := a.wanted(p)
	for _, ref := range p.SecretRefs() {
		if !wanted(ref) {
			continue
		}
		if _, err := p.Secrets.Reveal(ctx, ref); err != nil {
			fs.add(ref, pipelines.Finding{Check: a.t("can be read", "peut être lu"), Err: err})
		} else {
			fs.add(ref, pipelines.Finding{Check: a.t("can be read", "peut être lu"), OK: true})
		}
	}
	written := written(p)
	for _, c := range p.Connections() {
		if !wanted(c.String()) {
			continue
		}
		d, err := pipelines.OpenConnection[pipelines.Doctor](c, env)
		if err != nil {
			fs.add(c.String(), pipelines.Finding{Check: a.t("can be opened", "peut être ouverte"), Err: err})
			continue
		}
		for _, x := range d.Examine(ctx) {
			if x.Check == "rights to write" && x.Err != nil && !written[c.String()] {
				x.OK, x.Err, x.Note = true, nil, "this account cannot write: it can be read only"
			}
			fs.add(c.String(), x)
		}
	}
	a.doctorTasks(cmd, p, fs)
	return ctx.Err()
}

// leastDisk is what the disk of the state folder should have free: sealed files and
// what is put aside stand there.
const leastDisk = 1 << 30

// written are the addresses of the connections that something is written to: by a
// load, by a source that takes files away, as evidence. Where a connection is only
// read, its account should not be able to write.
func written(p *hclfile.Project) map[string]bool {
	out := map[string]bool{p.Evidence.String(): true}
	add := func(b pipelines.Built) {
		v := reflect.ValueOf(b.Config)
		for i := 0; v.Kind() == reflect.Struct && i < v.NumField(); i++ {
			if f := v.Field(i); f.Type() == reflect.TypeFor[pipelines.Connection]() && f.CanInterface() {
				out[f.Interface().(pipelines.Connection).String()] = true
			}
		}
	}
	_ = p.Tasks(pipelines.Selection{}, func(t pipelines.Task) bool { // its mistakes were said already
		for _, l := range t.Chain.Loads {
			add(l)
		}
		for _, c := range slices.Concat(t.Candidates, []pipelines.Task{t}) {
			taker, takes := c.Chain.Source.Config.(pipelines.Taker)
			encrypting, sets := c.Chain.Source.Config.(pipelines.Encrypting)
			if takes && taker.Takes() || sets && encrypting.Encrypts() != "" {
				add(c.Chain.Source)
			}
		}
		return true
	})
	return out
}

// wanted says whether a connection or secret matters to the selected tasks: what
// belongs to a tenant that has none of them does not.
func (a *app) wanted(p *hclfile.Project) func(address string) bool {
	tenants := map[string]bool{}
	_ = p.Tasks(a.flags.sel, func(t pipelines.Task) bool { // its mistakes were said already
		tenants[t.ID.Tenant] = true
		return true
	})
	return func(address string) bool {
		_, key, of := strings.Cut(address, "[")
		if !of || a.flags.sel == (pipelines.Selection{}) {
			return true
		}
		name, err := strconv.Unquote(strings.TrimSuffix(key, "]"))
		return err != nil || tenants[name]
	}
}

// withoutLostKey is the project with which connections can be examined although
// its fingerprint key cannot be read: that is one finding, among the secrets.
func withoutLostKey(ctx context.Context, p *hclfile.Project) (project pipelines.Project, remove func(), err error) {
	project, remove = p.Project, func() {}
	if key := project.FingerprintKey; key.IsSet() {
		if _, lost := p.Secrets.Reveal(ctx, key.Ref); lost != nil {
			if err := os.MkdirAll(project.State, 0o700); err != nil {
				return project, remove, messages.RunFolder.Wrap(err, "folder", project.State)
			}
			dir, err := os.MkdirTemp(project.State, "doctor-*")
			if err != nil {
				return project, remove, messages.RunFolder.Wrap(err, "folder", project.State)
			}
			project.State, project.FingerprintKey = dir, pipelines.Secret{}
			remove = func() { os.RemoveAll(dir) }
		}
	}
	return project, remove, nil
}

// doctorTasks looks for what a task would miss: authorizations and columns.
func (a *app) doctorTasks(cmd *cobra.Command, p *hclfile.Project, fs *findings) {
	opt := pipelines.PlanOptions{Connect: true, Log: a.log()}
	seen := map[[4]string]bool{}
	pipelines.Plan(cmd.Context(), &p.Project, a.flags.sel, opt, func(pl pipelines.Planned) bool {
		x := pipelines.Finding{Check: a.t("authorization and columns", "autorisation et colonnes"), OK: true}
		switch {
		case pl.Err != nil:
			x.OK, x.Err = false, pl.Err
		case pl.Change == pipelines.ChangeHeld || pl.Change == pipelines.ChangeWithdrawn:
			x.OK, x.Err = false, messages.NotAuthorized.With("task", pl.Task.ID)
		}
		// Of the partitions where one thing holds, or is wrong, one is enough.
		key := [4]string{pl.Task.ID.Pipeline, pl.Task.ID.Tenant, pl.Task.Variant}
		if m := messages.Find(x.Err); m != nil {
			key[3] = m.Code
		} else if x.Err != nil {
			key[3] = x.Err.Error()
		}
		if !seen[key] {
			seen[key] = true
			fs.add(pl.Task.ID.String(), x)
		}
		return true
	})
}
