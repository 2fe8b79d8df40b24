package hclfile

import (
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/lavoir-data/lavoir/pipelines"
)

type projectConfig struct {
	Memory         pipelines.Size       `hcl:"memory,optional" doc:"Memory the whole program may use; less of it means fewer workers, then fewer tasks at once."`
	Disk           pipelines.Size       `hcl:"disk,optional" doc:"Temporary disk one task may use, for what it puts aside and for its files until they are published; and, besides, what all files that are read once for several tasks may take together."`
	Workers        int                  `hcl:"workers,optional" doc:"Workers of a task that decode, transform and encode, at most; 0 is one per processor."`
	Tasks          int                  `hcl:"tasks,optional" doc:"Tasks that run at once, at most; 0 lets the engine choose."`
	Retention      time.Duration        `hcl:"retention,optional" doc:"How long quarantine, reports and old releases are kept."`
	Grace          time.Duration        `hcl:"grace,optional" doc:"Age below which nothing is ever collected."`
	State          string               `hcl:"state,optional" doc:"Folder of the local state, relative to the project."`
	Evidence       pipelines.Connection `hcl:"evidence,optional" doc:"Private store of the evidence and of the journals, which its account must be able to list, read and write; next to the state when absent."`
	Quarantine     []string             `hcl:"quarantine,optional" doc:"Age recipients who can read rejected rows."`
	FingerprintKey pipelines.Secret     `hcl:"fingerprint_key,optional" doc:"Key of the fingerprints of inputs and of the hashes of their names."`
	Identity       string               `hcl:"identity,optional" doc:"Age identity file that opens encrypted secrets which name none."`
	Approvers      *approversConfig     `hcl:"approvers,block" doc:"Who may accept what a check or the gate holds back: see lavoir accept."`
}

// DefaultState is the folder of the local state where a project names none.
const DefaultState = ".lavoir"

var projectDefaults = projectConfig{
	Memory: 1 << 30, Disk: 50 << 30, Retention: 90 * 24 * time.Hour, Grace: 24 * time.Hour, State: DefaultState,
}

type approversConfig struct {
	Privacy    []string `hcl:"privacy,optional" doc:"Minisign public keys (RW…) of those who may relax a check or a threshold of a privacy policy."`
	Operations []string `hcl:"operations,optional" doc:"Minisign public keys of those who will answer for what the checks of a pipeline hold back, as too few rows; this version has no such checks, so that there is nothing for them to accept, as validate says."`
}

type secretConfig struct {
	Env        string       `hcl:"env,optional" doc:"Environment variable that holds the value."`
	File       string       `hcl:"file,optional" doc:"File that holds the value; an age-encrypted one is opened with the project's identity."`
	Credential string       `hcl:"systemd_credential,optional" doc:"Name of a systemd credential (LoadCredential=)."`
	Command    []string     `hcl:"command,optional" doc:"Program and arguments that print the value; no shell is involved."`
	DPAPI      string       `hcl:"dpapi,optional" doc:"File that Windows protected for this account or machine."`
	Age        *ageConfig   `hcl:"age,block" doc:"File encrypted with age."`
	Vault      *vaultConfig `hcl:"vault,block" doc:"Field of a secret in a HashiCorp Vault, key-value engine version 2."`
}

type ageConfig struct {
	File     string `hcl:"file" doc:"The encrypted file, armoured or not."`
	Identity string `hcl:"identity,optional" doc:"File of the identity that opens it; the project's when absent."`
}

type vaultConfig struct {
	Address   string           `hcl:"address" doc:"URL of the server."`
	Mount     string           `hcl:"mount,optional" doc:"Where the engine is mounted."`
	Path      string           `hcl:"path" doc:"Path of the secret below the mount."`
	Field     string           `hcl:"field" doc:"Which field of the secret."`
	Token     pipelines.Secret `hcl:"token" doc:"Secret that holds the token."`
	Namespace string           `hcl:"namespace,optional" doc:"Namespace, on servers that have them."`
	CA        string           `hcl:"ca,optional" doc:"PEM file of the authority that signed the server's certificate."`
}

func (v *vaultConfig) Defaults() { v.Mount = "secret" }

type limitsConfig struct {
	Max int `hcl:"max" doc:"How many tasks may use the connections of this group at once. One that reads a table over several connections counts as so many."`
}

type contractConfig struct {
	Columns   []contractColumn `hcl:"column,block" doc:"A column the source must have, in order."`
	OnAdded   string           `hcl:"on_added,optional" doc:"What a column that is not declared does." values:"report|fail"`
	OnRemoved string           `hcl:"on_removed,optional" doc:"What a missing column does." values:"fail"`
	OnRetyped string           `hcl:"on_retyped,optional" doc:"What a column of another type does." values:"fail"`
}

type contractColumn struct {
	Name string               `hcl:"name,label" doc:"Name of the column."`
	Type pipelines.ColumnType `hcl:"type" doc:"Type of the column."`
}

var contractDefaults = contractConfig{OnAdded: "report", OnRemoved: "fail", OnRetyped: "fail"}

type tenantsConfig struct {
	File      string                 `hcl:"file,optional" doc:"CSV file with a header, relative to the project."`
	Delimiter string                 `hcl:"delimiter,optional" doc:"Separator of the file; found in its header when absent." values:";|,"`
	Encoding  string                 `hcl:"encoding,optional" doc:"Encoding of the file; UTF-8 when it is valid UTF-8, else cp1252, when absent." values:"utf-8|cp1252"`
	Key       string                 `hcl:"key,optional" doc:"Column of the file that names the tenant."`
	Columns   []pipelines.ColumnDecl `hcl:"columns,optional" doc:"Types of the columns; those not named are text."`
	Values    cty.Value              `hcl:"values,optional" doc:"The tenants themselves, by key, instead of a file."`
	When      pipelines.Expression   `hcl:"when,optional" doc:"Condition over tenant; who does not meet it, or has no answer, is left out."`
	Overrides []string               `hcl:"overrides,optional" doc:"Files of override blocks, relative to the project; * and ? are allowed."`
}

type overrideConfig struct {
	From   cty.Value `hcl:"from" doc:"The value it replaces, as the table has it."`
	To     cty.Value `hcl:"to" doc:"The value to use instead."`
	Reason string    `hcl:"reason" doc:"Why this tenant differs."`
	Until  string    `hcl:"until,optional" doc:"Day (YYYY-MM-DD) after which the override is reported as expired."`
}

type settingsConfig struct {
	Title      string    `hcl:"title,optional" doc:"Title of the dataset."`
	OnReject   string    `hcl:"on_reject,optional" doc:"What becomes of rows that cannot be read exactly." values:"fail|quarantine|drop"`
	MaxRejects cty.Value `hcl:"max_rejects,optional" doc:"More rejected rows than this fail the task: a number, or a part such as \"0.5%\"."`
	AllowEmpty bool      `hcl:"allow_empty,optional" doc:"Whether a dataset without rows may be published under a privacy policy."`
}

var settingsDefaults = settingsConfig{OnReject: "fail"}

type authorizationConfig struct {
	Allowed   cty.Value `hcl:"allowed" doc:"Whether the tenant lets the dataset out; no answer is no."`
	Reference cty.Value `hcl:"reference" doc:"The act that authorizes publication."`
}

// Blocks describes the blocks of a pipeline file, for reference pages, JSON
// Schema and completion.
func Blocks(reg *pipelines.Registry) []pipelines.Field {
	arg := func(name, typ, doc string) pipelines.Field { return pipelines.Field{Name: name, Type: typ, Doc: doc} }
	need := func(f pipelines.Field) pipelines.Field { f.Required = true; return f }
	block := func(name, doc string, labels []string, fields ...pipelines.Field) pipelines.Field {
		return pipelines.Field{Name: name, Doc: doc, Block: true, Repeated: true, Labels: labels, Fields: fields}
	}
	nested := func(kind pipelines.Kind, doc string) pipelines.Field {
		return pipelines.Field{Name: string(kind), Doc: doc, Block: true, Repeated: true, Labels: []string{"type", "name"}, Nested: kind, Fields: metaOf(kind)}
	}
	rest := func(doc string) pipelines.Field {
		return pipelines.Field{Name: "<name>", Type: "constant", Doc: doc, Rest: true}
	}
	one := func(f pipelines.Field) pipelines.Field { f.Repeated = false; return f }
	name := []string{"name"}
	forEach := arg("for_each", "constant", "Tenants, or another object: one for each.")
	var policy []pipelines.Field
	if c, ok := reg.Find(pipelines.KindPrivacy, policyName); ok {
		policy = c.Fields()
	}
	source := nested(pipelines.KindSource, "Where rows come from; the first one gives the rows, others are read by joins and unions.")
	transform := nested(pipelines.KindTransform, "A step, in the order of the data.")
	steps := arg("steps", "constant", "Steps to insert here: steps.<name>, or a list of them.")
	tenants := fields(tenantsConfig{})
	for i := range tenants {
		if tenants[i].Name == "when" {
			tenants[i].Type = "condition over tenant"
		}
	}
	choose := arg("choose", "text", "How a variant is chosen among those whose when holds. by_contract: by what is there to read, which exactly one must read as it is.")
	choose.Values = []string{byContract}
	pipeline := append([]pipelines.Field{forEach, choose, steps}, fields(settingsDefaults)...)
	pipeline = append(pipeline,
		one(block("partition", "The slices that are published as a whole.", name,
			need(arg("values", "constant", "Texts or whole numbers, one a partition.")))),
		one(block("authorization", "Whether the dataset may be published, and by which act; without it no load runs.", nil, fields(authorizationConfig{})...)),
		source, transform,
		block("variant", "One way of reading the dataset; each task has exactly one.", name,
			arg("when", "constant", whenDoc), steps, source, transform),
		one(block("privacy", "What may leave.", nil,
			append([]pipelines.Field{arg("use", "constant", "A policy declared once: privacy.<name>.")}, policy...)...)),
		nested(pipelines.KindLoad, "Where the rows go."))
	return []pipelines.Field{
		one(block("project", "Bounds, state and keys of the whole project.", nil, fields(projectDefaults)...)),
		block("variable", "A value given from outside.", name,
			need(arg("type", "type", "text, number, bool, list(text) or map(text).")), arg("default", "constant", "Value when none is given."),
			arg("description", "text", "What it is for.")),
		block("locals", "Values with a name.", nil, rest("A value.")),
		block("secret", "A password or key, and where it is kept.", name, append([]pipelines.Field{forEach}, fields(secretConfig{})...)...),
		nested(pipelines.KindConnection, "A database, bucket or folder."),
		block("limits", "A cap that connections share.", name, fields(limitsConfig{})...),
		block("contract", "What a source must give.", name, fields(contractDefaults)...),
		block("schema", "A table schema; schema.<name>.columns are its columns that are no free text.", name, fields(schemaConfig{})...),
		block("steps", "Steps that several pipelines share.", name, transform),
		block("privacy", "A policy that several pipelines share.", name, policy...),
		block("tenants", "The towns, members or schools pipelines run for.", name, tenants...),
		block("override", "One value of one tenant that differs from the table, and why.", []string{"key", "column"}, fields(overrideConfig{})...),
		block("pipeline", "How one dataset is made.", name, pipeline...),
		block("moved", "A pipeline or a tenant that has another name now.", nil,
			need(arg("from", "type", "The old address: pipeline.<name> or tenants.<name>[\"<key>\"].")),
			need(arg("to", "type", "The new address."))),
	}
}

// fields describes a config struct that is no component.
func fields[C any](defaults C) []pipelines.Field {
	return pipelines.Define("block", "", "", defaults, func(pipelines.Env, C) (any, error) { return nil, nil }).Fields()
}

var (
	connectionMeta = []pipelines.Field{
		{Name: "for_each", Type: "constant", Doc: "Tenants, or another object: one connection for each."},
		{Name: "limits", Type: "constant", Doc: "A cap shared with other connections: limits.<name>."},
		{Name: "max", Type: "number", Doc: "How many tasks may use it at once; 0 is no limit. One that reads a table over several connections counts as so many.", Default: "0"},
	}
	sourceMeta = []pipelines.Field{
		{Name: "contract", Type: "constant", Doc: "What the source must give: contract.<name>."},
	}
)

// fieldsOf are the arguments and blocks in a block that f describes.
func (l *loader) fieldsOf(f pipelines.Field, labels []string) []pipelines.Field {
	if f.Nested == "" {
		return f.Fields
	}
	if len(labels) == 0 {
		return nil
	}
	c, ok := l.reg.Find(f.Nested, labels[0])
	if !ok {
		return nil
	}
	return append(metaOf(f.Nested), c.Fields()...)
}

func metaOf(k pipelines.Kind) []pipelines.Field {
	switch k {
	case pipelines.KindConnection:
		return connectionMeta[:len(connectionMeta):len(connectionMeta)]
	case pipelines.KindSource:
		return sourceMeta[:len(sourceMeta):len(sourceMeta)]
	}
	return nil
}

// policyName is the component that a privacy block is, whatever its label says.
const policyName = "policy"

// coming are the blocks of later versions, by where they stand.
var comingTop, comingPipeline = []string{"notifier"}, []string{"check", "catalog", "schedule", "backfill", "notify"}
