package hclfile

import (
	"strconv"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// The language's own blocks inside a pipeline are decoded as components are.
var (
	settingsComponent = pipelines.Define("pipeline", "settings", "", settingsDefaults,
		func(pipelines.Env, settingsConfig) (any, error) { return nil, nil })
	authorizationComponent = pipelines.Define("pipeline", "authorization", "", authorizationConfig{},
		func(pipelines.Env, authorizationConfig) (any, error) { return nil, nil })
)

// Validate implements the check of a decoded config.
func (c *settingsConfig) Validate() error {
	if _, err := c.policy(); err != nil {
		return pipelines.At("max_rejects", err)
	}
	return nil
}

// policy is what becomes of rejected rows.
func (c *settingsConfig) policy() (pipelines.RejectPolicy, error) {
	p := pipelines.RejectPolicy{Action: c.OnReject}
	v := c.MaxRejects
	if v == cty.NilVal || v.IsNull() {
		return p, nil
	}
	bad := messages.BadThreshold.With()
	switch v.Type() {
	case cty.Number:
		n, acc := v.AsBigFloat().Int64()
		if acc != 0 || n < 1 {
			return p, bad
		}
		p.MaxRows = n
	case cty.String:
		digits, percent := strings.CutSuffix(v.AsString(), "%")
		f, err := strconv.ParseFloat(strings.TrimSpace(digits), 64)
		if err != nil || !percent || !(f > 0 && f <= 100) {
			return p, bad
		}
		p.MaxPart = f / 100
	default:
		return p, bad
	}
	return p, nil
}

// Validate refuses a permission that no act stands behind.
func (c *authorizationConfig) Validate() error {
	a, err := c.authorization()
	if err != nil {
		return err
	}
	if a.Allowed && strings.TrimSpace(a.Reference) == "" {
		return pipelines.At("reference", messages.AuthorizationReference.With())
	}
	return nil
}

// authorization is the block's answer; none is no.
func (c *authorizationConfig) authorization() (pipelines.Authorization, error) {
	yes, ok := isTrue(c.Allowed)
	if !ok {
		return pipelines.Authorization{}, pipelines.At("allowed",
			messages.WrongArgument.With("name", "allowed", "wanted", "true or false", "why", "it is a "+c.Allowed.Type().FriendlyName()))
	}
	a := pipelines.Authorization{Allowed: yes}
	if !c.Reference.IsNull() && c.Reference.IsKnown() {
		a.Reference = text(c.Reference)
	}
	return a, nil
}

// projectBlock reads the bounds and keys of the project.
func (l *loader) projectBlock() {
	cfg := projectDefaults
	for i, b := range l.blocks["project"] {
		if i > 0 {
			l.say(messages.DuplicateBlock.With("name", "project", "where", l.blocks["project"][0].TypeRange.String()), b.TypeRange)
			continue
		}
		if !l.check(b.Body, scope{}) {
			continue
		}
		diags := pipelines.DecodeBody(l.reg, "project", b.Body, l.root, &cfg)
		l.add(diags...)
		l.positive(cfg, b.Body.MissingItemRange())
	}
	p := l.project
	p.Bounds = pipelines.Bounds{Memory: cfg.Memory, Disk: cfg.Disk, Workers: cfg.Workers, Tasks: cfg.Tasks}
	p.Evidence, p.State, p.FingerprintKey, p.Recipients = cfg.Evidence, l.path(cfg.State), cfg.FingerprintKey, cfg.Quarantine
	p.Retention, p.Grace = cfg.Retention, cfg.Grace
	l.acceptances(cfg.Approvers)
	l.secrets.identity = cfg.Identity
}

func (l *loader) positive(c projectConfig, at hcl.Range) {
	for _, n := range []struct {
		name string
		bad  bool
	}{{"memory", c.Memory <= 0}, {"disk", c.Disk <= 0}, {"workers", c.Workers < 0}, {"tasks", c.Tasks < 0}, {"retention", c.Retention <= 0}} {
		if n.bad {
			l.say(messages.WrongArgument.With("name", n.name, "wanted", "more than 0", "why", "nothing could run or be kept"), at)
		}
	}
}
