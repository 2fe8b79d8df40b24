package hclfile

import (
	"path"
	"path/filepath"

	"aead.dev/minisign"
	"github.com/hashicorp/hcl/v2"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// Validate refuses what is no public key, and a key that stands there twice.
func (c *approversConfig) Validate() error {
	if _, err := approvers("privacy", c.Privacy); err != nil {
		return err
	}
	_, err := approvers("operations", c.Operations)
	return err
}

func approvers(kind string, texts []string) (keys []minisign.PublicKey, err error) {
	seen := map[uint64]bool{}
	for _, text := range texts {
		key, err := pipelines.ParseApprover(text)
		if err != nil {
			return nil, pipelines.At(kind, err)
		}
		if seen[key.ID()] {
			return nil, pipelines.At(kind, messages.BadApprover.With("why", "two of them have one id"))
		}
		seen[key.ID()] = true
		keys = append(keys, key)
	}
	return keys, nil
}

// acceptances reads what approvers accepted, and warns of what does not count or will
// soon not count.
func (l *loader) acceptances(c *approversConfig) {
	p := l.project
	if c != nil {
		var mine, others error
		p.Approvers.Privacy, mine = approvers("privacy", c.Privacy)
		p.Approvers.Operations, others = approvers("operations", c.Operations)
		if mine != nil || others != nil {
			return // it was said
		}
	}
	var told []*messages.Error
	p.Acceptances, told = pipelines.ReadAcceptances(l.dir, p.Approvers)
	if l.opt.Now != nil {
		for _, s := range p.Acceptances {
			if m := s.Expiry(l.opt.Now()); m != nil {
				told = append(told, m)
			}
		}
	}
	for _, m := range told {
		file := path.Join(filepath.ToSlash(l.dir), pipelines.AcceptancesFolder, m.Param("file"))
		l.say(m, hcl.Range{Filename: file, Start: hcl.InitialPos, End: hcl.InitialPos})
	}
}
