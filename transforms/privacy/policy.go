package privacy

import (
	"cmp"
	"context"
	"slices"

	"github.com/apache/arrow/go/v15/arrow"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
	"github.com/lavoir-data/lavoir/transforms/internal/disclosure"
	"github.com/lavoir-data/lavoir/transforms/internal/protect"
)

// Policy says which columns leave, and what becomes of those that name persons.
// A column without a role does not leave. A rule with a condition masks unless
// the condition is true: null, an unknown value and an expression that fails
// all mask. With a model, rows whose quasi-identifiers are those of too few are
// dropped, and the values of the others made coarser until no more than the limit
// are dropped; rows leave in the order of their published values, for that of the source
// may tell whose they are. So do rows with means; without either they are not reordered.
var Policy = pipelines.Define(pipelines.KindPrivacy, "policy", "Say which columns leave, and mask those that name persons.",
	policyConfig{}, newPolicy)

type policyConfig struct {
	Purpose      string             `hcl:"purpose,optional" doc:"Why the data are published, for the register of processing."`
	Controller   string             `hcl:"controller,optional" doc:"Who answers for them."`
	DataSubjects []string           `hcl:"data_subjects,optional" doc:"Of whom they are."`
	Public       []string           `hcl:"public,optional" doc:"Columns that leave as they are; none of them may be personal."`
	Subject      string             `hcl:"subject,optional" doc:"The column that tells whom a row is of, where one person has several: k then counts persons."`
	Identifiers  []identifierConfig `hcl:"identifier,block" doc:"What becomes of a column that names persons; with a rule it leaves."`
	Quasi        []quasiConfig      `hcl:"quasi,block" doc:"A column that names nobody, and may tell who it is together with others; it leaves as coarse as the model needs."`
	Sensitive    []sensitiveConfig  `hcl:"sensitive,block" doc:"A column that nobody may learn of a person; it leaves as it is, if the classes of the model are diverse enough."`
	Clears       []clearConfig      `hcl:"clear,block" doc:"An aggregate of personal columns, which leaves where it is of enough subjects; where one of the clear columns of a row does not, all of them are masked."`
	Micro        []microConfig      `hcl:"microaggregate,block" doc:"Numbers that leave as the means of groups of rows (MDAV)."`
	Opposition   *oppositionConfig  `hcl:"opposition,block" doc:"Those whose rows never leave because they objected."`
	Gate         *gateConfig        `hcl:"gate,block" doc:"What is asked of a file before it is published, besides the model."`
	Model        *modelConfig       `hcl:"model,block" doc:"What every class of rows with the same quasi-identifiers must keep."`
	Texts        []textConfig       `hcl:"text,block" doc:"A column of free text; it does not leave, unless what may name a person is taken out of it."`
	Expects      []expectConfig     `hcl:"expect,block" doc:"What may name a person and is right to publish in a column: the gate refuses texts that hold it elsewhere."`
}

type identifierConfig struct {
	Column     string               `hcl:"column,label"`
	Action     string               `hcl:"action,optional" doc:"mask, the default, puts otherwise in place of the value unless clear_when is true; null empties it unless clear_when is true; constant puts otherwise in every row; redact puts [masqué] in place of a text unless clear_when is true, and leaves null, so that it shows which rows have one; partial shows the first and last characters of a text (show_first, show_last), which may still name a person: it leaves only beside a model, which counts it as one of its quasi-identifiers and may hide it whole, or with legal_basis; pseudonym puts a keyed hash, which leaves only beside a model, of the subject alone, and ties the rows of one person together, all of which must look like those of k persons; surrogate does so with numbers from 1 on, whose order tells nothing; drop keeps the column in." values:"mask|null|constant|redact|partial|pseudonym|surrogate|drop"`
	ClearWhen  pipelines.Expression `hcl:"clear_when,optional" doc:"The condition, over the row, under which the value may be read; anything but true masks it."`
	Otherwise  string               `hcl:"otherwise,optional" doc:"What stands where the value is masked, nulls included; nothing (null) unless given."`
	ShowFirst  int                  `hcl:"show_first,optional" doc:"Of partial: how many first characters are shown, with *** for the rest; where fewer letters and digits would be hidden than characters are shown, *** stands alone."`
	ShowLast   int                  `hcl:"show_last,optional" doc:"Of partial: how many last characters are shown; it goes with show_first."`
	Key        pipelines.Secret     `hcl:"key,optional" doc:"Of pseudonyms and surrogates: the root key, a secret of 32 bytes or more."`
	Domain     string               `hcl:"domain,optional" doc:"Of pseudonyms: a name shared by the columns of this policy that must match; each column has its own unless given."`
	Rotate     string               `hcl:"rotate,optional" doc:"Of pseudonyms: per_release draws the key anew from what was read, so that the same input has the same pseudonyms and those of two releases do not match." values:"per_release"`
	Destroy    string               `hcl:"destroy_after,optional" doc:"Of pseudonyms, in place of key and rotate: publish draws a key that is stored nowhere and gone with the process, so that nobody can ever tell whose a pseudonym is. What is published stays while the rows, the configuration and the version of lavoir are the same; whatever comes after it has other pseudonyms." values:"publish"`
	Canonical  string               `hcl:"canonical,optional" doc:"Of pseudonyms: text, the default, compares without regard to case and spaces; exact, as written; identifier, letters and digits alone." values:"text|exact|identifier"`
	LegalBasis string               `hcl:"legal_basis,optional" doc:"The documents of article D.312-1-3 of the code des relations entre le public et l'administration that the column is of, as D312-1-3/6: the law then lets it out, as it is or, with action pseudonym, as a keyed hash, which needs neither model nor rotate, or, with action partial and no model, as some of its characters. Nothing else passes a mark."`
	Reason     string               `hcl:"reason,optional" doc:"With legal_basis: why the column is of those documents; the public is told."`
}

func (c policyConfig) Validate() error {
	role := map[string]bool{}
	leaves := len(c.Public) + len(c.Quasi) + len(c.Sensitive) + len(c.Clears)
	for _, name := range c.Public {
		if role[name] {
			return pipelines.At("public", messages.TwoRoles.With("column", name))
		}
		role[name] = true
	}
	again := func(kind, label, column string) (err error) {
		if role[column] {
			err = atBlock(kind, label, messages.TwoRoles.With("column", column))
		}
		role[column] = true
		return err
	}
	var mistakes []error
	for _, id := range c.Identifiers {
		mistakes = append(mistakes, again("identifier", id.Column, id.Column))
		if id.Action != "drop" {
			leaves++
		}
	}
	for _, q := range c.Quasi {
		mistakes = append(mistakes, again("quasi", q.Column, q.Column))
	}
	for _, s := range c.Sensitive {
		mistakes = append(mistakes, again("sensitive", s.Column, s.Column))
	}
	for _, x := range c.Texts {
		mistakes = append(mistakes, again("text", x.Column, x.Column))
		if x.redacts() {
			leaves++
		}
	}
	for _, r := range c.Clears {
		mistakes = append(mistakes, again("clear", r.Column, r.Column))
	}
	for _, m := range c.Micro {
		for _, column := range m.Columns {
			mistakes = append(mistakes, again("microaggregate", m.Name, column))
		}
		leaves += len(m.Columns)
	}
	if err := cmp.Or(mistakes...); err != nil {
		return err
	}
	switch {
	case c.Model == nil && len(c.Quasi)+len(c.Sensitive) > 0:
		return messages.WrongModel.With("why", "quasi or sensitive columns without a model")
	case c.Model != nil && len(c.withPartials().Quasi) == 0:
		return messages.WrongModel.With("why", "a model without a quasi-identifier")
	case c.Model != nil && len(c.Clears) > 0:
		return messages.WrongModel.With("why", "clear beside a model: the rows of a table are no persons")
	case c.Model != nil && len(c.Micro) > 0:
		return messages.WrongModel.With("why", "microaggregate beside a model: it would drop rows of which the means were made")
	case c.Subject != "" && c.Model == nil && len(c.Micro) == 0:
		return pipelines.At("subject", messages.WrongModel.With("why", "subject without a model or microaggregate"))
	case c.Subject != "" && c.Model != nil && c.Model.NullMatch == "wildcard":
		return pipelines.At("subject", messages.WrongModel.With("why", "subject with null_match = \"wildcard\""))
	}
	for _, id := range c.Identifiers {
		if err := id.uncounted(c.Model != nil); err != nil {
			return err
		}
		if id.open() && len(c.Sensitive) > 0 {
			return messages.WrongModel.With("why", "sensitive columns beside an identifier that leaves as it is: each row tells whose they are")
		}
		if id.hashed() && c.Model == nil && !id.legal() {
			return messages.WrongModel.With("why", "a pseudonym without a model")
		}
		if id.hashed() && c.Model != nil && c.Subject == "" {
			return messages.WrongModel.With("why", "a pseudonym without subject: k rows may show that they are of one person")
		}
		if id.hashed() && c.Model != nil && !id.legal() && c.Subject != id.Column {
			return messages.WrongModel.With("why", "a pseudonym of another column than subject: it would tie rows together that are not counted together")
		}
	}
	if err := c.personsMistake(); err != nil {
		return err
	}
	if err := c.localMistake(); err != nil {
		return err
	}
	if err := c.togetherMistake(); err != nil {
		return err
	}
	if err := c.populationMistake(); err != nil {
		return err
	}
	if c.Model == nil && len((policy{policyConfig: c}).thresholds()) > 0 {
		return pipelines.At("gate", messages.WrongThreshold.With("why", "a threshold without a model"))
	}
	if err := c.Gate.compared(c.compares()); err != nil {
		return err
	}
	if leaves == 0 {
		return pipelines.At("public", messages.NothingLeaves.With())
	}
	return c.validExpects()
}

func (id identifierConfig) Validate() error {
	wrong := func(argument, why string) error {
		return pipelines.At(argument, messages.WrongAction.With("column", id.Column, "why", why))
	}
	if err := id.lawful(); err != nil {
		return err
	}
	if err := id.masksWell(); err != nil {
		return err
	}
	pseudonym := id.hashed()
	switch {
	case pseudonym && (id.ClearWhen.IsSet() || id.Otherwise != ""):
		return wrong("action", "pseudonym with clear_when or otherwise")
	case pseudonym && id.Destroy != "" && (id.Key.IsSet() || id.Rotate != ""):
		return wrong("destroy_after", "destroy_after with key or rotate")
	case pseudonym && id.Destroy == "" && !id.Key.IsSet():
		return wrong("action", "pseudonym without key")
	case pseudonym && id.Destroy == "" && id.Rotate == "" && !id.legal():
		return wrong("action", "pseudonym without rotate")
	case !pseudonym && (id.Key.IsSet() || id.Domain != "" || id.Rotate != "" || id.Destroy != "" || id.Canonical != ""):
		return wrong("action", "key, domain, rotate, destroy_after or canonical without pseudonym")
	case id.Action == "drop" && (id.ClearWhen.IsSet() || id.Otherwise != ""):
		return wrong("action", "drop with clear_when or otherwise")
	case id.Action == "constant" && id.ClearWhen.IsSet():
		return wrong("action", "constant with clear_when")
	case id.Action == "null" && id.Otherwise != "":
		return wrong("otherwise", "null with otherwise")
	case (id.Action == "" || id.Action == "mask") && !id.ClearWhen.IsSet() && !id.open():
		return wrong("action", "mask without clear_when")
	}
	return nil
}

type policy struct {
	env pipelines.Env
	policyConfig
	files      map[string]*disclosure.File       // of hierarchies, by column
	postcodes  map[string]*protect.PostcodeTable // by column
	population *populationFile
	list       oppositions
	texts      map[string]*redaction // by column
	redacted   *redacted
}

var (
	_ pipelines.SinglePass = policy{}
	_ pipelines.Emitter    = policy{}
	_ pipelines.Arranger   = policy{}
	_ pipelines.Observer   = policy{}
	_ pipelines.Drawer     = policy{}
	_ pipelines.Gate       = policy{}
	_ pipelines.Explorer   = policy{}
	_ pipelines.Opposer    = policy{}
	_ pipelines.Warner     = policy{}
	_ pipelines.Protecting = policy{}
	_ pipelines.Proving    = policy{}
	_ pipelines.Reviewer   = policy{}
	_ pipelines.Redactor   = policy{}
)

func newPolicy(env pipelines.Env, c policyConfig) (pipelines.Privacy, error) {
	if c.Model != nil && c.Model.K == 0 { // k_map alone asks nothing of the rows
		m := *c.Model
		m.K = 1
		c.Model = &m
	}
	c = c.withPartials()
	files, err := c.hierarchies(env)
	if err != nil {
		return nil, err
	}
	texts, err := c.redactions(env)
	if err != nil {
		return nil, err
	}
	postcodes, err := c.postcodes(env)
	if err != nil {
		return nil, err
	}
	population, err := c.populationFile(env)
	if err != nil {
		return nil, err
	}
	return policy{env: env, policyConfig: c, files: files, postcodes: postcodes, population: population, list: c.oppositions(env), texts: texts, redacted: &redacted{}}, nil
}

func (t policy) Bind(in *arrow.Schema) (*arrow.Schema, error) {
	p, err := t.plan(in)
	if err != nil {
		return nil, err
	}
	if err := p.closed(in); err != nil {
		return nil, err
	}
	for _, c := range p.columns {
		if c.rule != nil && c.rule.clear != nil {
			i := slices.IndexFunc(t.Identifiers, func(id identifierConfig) bool { return id.Column == c.name })
			if err := p.closedBeside(in, c.name, c.rule.clear, t.Identifiers[i].ClearWhen); err != nil {
				return nil, err
			}
		}
	}
	if t.Model != nil {
		for _, c := range p.columns {
			if c.rule != nil && c.rule.clear != nil && !t.provable(c.rule.clear.Columns(), c.name) {
				return nil, atBlock("identifier", c.name, pipelines.At("clear_when", messages.BlindRule.With("column", c.name)))
			}
		}
	}
	return p.out, nil
}

// Kernel is nil when the gate needs the counts of a first pass: when a condition
// names a column that does not leave as it is, the files alone do not prove
// that the rule was kept.
func (t policy) Kernel(in *arrow.Schema) (pipelines.Kernel, error) {
	p, err := t.plan(in)
	if err != nil {
		return nil, err
	}
	if t.Model != nil || t.Opposition != nil || len(t.pseudonyms()) > 0 || p.clears != nil || len(p.micro) > 0 {
		return nil, nil
	}
	for _, c := range p.columns {
		if c.rule != nil && c.rule.clear != nil && !t.provable(c.rule.clear.Columns(), c.name) {
			return nil, nil
		}
	}
	return p.kernel(t, nil), nil
}

// provable says whether a condition over these columns can be asked of the rows
// of a file: all of them leave as they are. The judged column may be among them,
// for where it is not masked it is as it was.
func (t policy) provable(columns []string, judged string) bool {
	for _, c := range columns {
		if c != judged && !t.asItIs(c) && !slices.ContainsFunc(t.Sensitive, func(s sensitiveConfig) bool { return s.Column == c }) {
			return false
		}
	}
	return true
}

// asItIs says whether a column leaves as it is, model or not.
func (t policy) asItIs(column string) bool {
	return slices.Contains(t.Public, column) ||
		slices.ContainsFunc(t.Identifiers, func(id identifierConfig) bool { return id.Column == column && id.open() })
}

func (p *plan) kernel(t policy, s *seen) pipelines.Kernel {
	mem := t.env.Allocator
	m := p.masking(mem)
	var e *recoding
	var o *objecting
	if s != nil {
		m.means = s.means
		o = t.objecting(s.opposed)
		m.draw(s)
		if s.verdict != nil {
			e = p.recoding(s.verdict)
		}
	}
	return func(ctx context.Context, b pipelines.Batch) (pipelines.Batch, error) {
		b, _, err := o.keep(ctx, b)
		if err != nil {
			return pipelines.Batch{}, err
		}
		if e != nil {
			if _, err := e.stay(b.Record); err != nil {
				b.Release()
				return pipelines.Batch{}, err
			}
		}
		out, err := m.apply(ctx, b.Record, e)
		if err != nil {
			b.Release()
			return pipelines.Batch{}, err
		}
		if e != nil {
			b.Places = pipelines.Places{} // no order of theirs is kept
		}
		return b.With(out), nil
	}
}

// seen is what a policy decides: which rows leave, as what, and what the gate
// compares with.
type seen struct {
	rows     int64                  // that leave
	clear    map[string]int64       // by column, the values that leave in clear and are not otherwise
	*verdict                        // nil without a model
	keys     map[string]protect.Key // of pseudonyms, by column
	opposed  *opposed               // nil: nobody is asked for
	means    []*means               // of groups of columns
	numbers  *protect.Surrogates    // of the persons of whom a row leaves; nil: nobody has one
	waiting  *keeping               // nil: rows were not kept
}

// EmitKernel lets rows out on any worker.
func (t policy) EmitKernel(d pipelines.Decision, in *arrow.Schema) (pipelines.Kernel, error) {
	p, err := t.plan(in)
	if err != nil {
		return nil, err
	}
	s, _ := d.(*seen)
	if s == nil && t.Opposition != nil {
		return nil, messages.Internal.With("what", "a policy with oppositions was not asked first")
	}
	if len(p.micro) > 0 && (s == nil || len(s.means) < len(p.micro)) {
		return nil, messages.Internal.With("what", "a policy with means was not asked first")
	}
	if t.Model == nil && len(t.pseudonyms()) == 0 {
		return p.kernel(t, s), nil
	}
	if s == nil || t.Model != nil && s.verdict == nil || len(s.keys) < len(t.pseudonyms()) {
		return nil, messages.Internal.With("what", "a policy with a model or a pseudonym was not asked first")
	}
	return p.kernel(t, s), nil
}

func (t policy) Emit(_ context.Context, d pipelines.Decision, in pipelines.Stream) (pipelines.Stream, error) {
	p, err := t.plan(in.Schema())
	if err != nil {
		return nil, err
	}
	k, err := t.EmitKernel(d, in.Schema())
	if err != nil {
		return nil, err
	}
	return t.Arrange(d, in.Schema(), pipelines.NewStream(p.out, func(ctx context.Context) (pipelines.Batch, error) {
		b, err := in.Next(ctx)
		if err != nil {
			return pipelines.Batch{}, err
		}
		return k(ctx, b)
	}, in.Close))
}

func (t policy) Roles(in []pipelines.MarkedColumn) ([]pipelines.MarkedColumn, error) {
	public, rule := map[string]bool{}, map[string]string{}
	for _, name := range t.Public {
		public[name] = true
	}
	for _, id := range t.Identifiers {
		rule[id.Column] = id.Action
	}
	modelled := map[string]bool{} // what the model lets out is no longer personal
	for _, q := range t.Quasi {
		modelled[q.Column] = true
	}
	for _, r := range t.Clears {
		modelled[r.Column] = true // what its rule lets out neither
	}
	for _, m := range t.Micro {
		for _, name := range m.Columns {
			modelled[name] = true // nor the mean of k rows
		}
	}
	sensitive := map[string]bool{}
	for _, s := range t.Sensitive {
		modelled[s.Column], sensitive[s.Column] = true, true
	}
	for _, x := range t.Texts {
		modelled[x.Column] = x.redacts()
	}
	known := map[string]bool{}
	var out []pipelines.MarkedColumn
	var names []string
	for _, c := range in {
		names = append(names, c.Name)
		known[c.Name] = true
		action, ruled := rule[c.Name]
		switch {
		case public[c.Name] && c.Personal:
			return nil, pipelines.At("public", messages.PublicPersonal.With("column", c.Name, "because", c.Because))
		case sensitive[c.Name] && c.Personal && (c.Names || namesPersons(c.Name)):
			return nil, atBlock("sensitive", c.Name, messages.WrongSensitive.With("column", c.Name, "why", "a column that names persons, whose values are diverse and tell who it is"))
		case t.texts[c.Name] != nil && c.Personal && (c.Names || namesPersons(c.Name)):
			return nil, atBlock("text", c.Name, messages.TextNamesPersons.With("column", c.Name, "because", c.Because))
		case c.Names && t.showsWhole(c.Name):
			return nil, atBlock("quasi", c.Name, messages.QuasiNames.With("column", c.Name, "because", c.Because))
		case public[c.Name], modelled[c.Name], ruled && action != "drop":
			out = append(out, pipelines.MarkedColumn{Name: c.Name})
		}
	}
	for _, name := range t.named() {
		if !known[name] {
			return nil, pipelines.NoColumn(name, names)
		}
	}
	return out, nil
}

// namesPersons says whether a column's name is one of those that identifiers have.
func namesPersons(column string) bool {
	_, likely := pipelines.LikelyPersonal(column)
	return likely
}

// named is every column that the policy names.
func (t policy) named() []string {
	names := slices.Clone(t.Public)
	for _, id := range t.Identifiers {
		names = append(names, id.Column)
	}
	for _, q := range t.Quasi {
		names = append(names, q.Column)
	}
	for _, s := range t.Sensitive {
		names = append(names, s.Column)
	}
	for _, x := range t.Texts {
		names = append(names, x.Column)
	}
	for _, r := range t.Clears {
		names = append(names, r.Column)
	}
	for _, m := range t.Micro {
		names = append(names, m.Columns...)
	}
	if t.Subject != "" {
		names = append(names, t.Subject)
	}
	if t.Opposition != nil {
		names = append(names, t.Opposition.Key)
	}
	return names
}
