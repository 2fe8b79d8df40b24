package hclfile

import (
	"errors"
	"testing"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/lavoir-data/lavoir/pipelines"
)

// The components of these tests have every kind of field, and do nothing.

type postgresConfig struct {
	Host     string           `hcl:"host" doc:"Host."`
	Database string           `hcl:"database,optional" doc:"Database."`
	Password pipelines.Secret `hcl:"password,optional" doc:"Password."`
	Timeout  time.Duration    `hcl:"timeout,optional" doc:"Timeout."`
}

type localConfig struct {
	Path string `hcl:"path" doc:"Folder."`
}

type querySource struct {
	Connection pipelines.Connection   `hcl:"connection" doc:"Connection."`
	Query      string                 `hcl:"query" doc:"Query."`
	Params     cty.Value              `hcl:"params,optional" doc:"Parameters."`
	OrderBy    []string               `hcl:"order_by,optional" doc:"Order."`
	Columns    []pipelines.ColumnDecl `hcl:"columns,optional" doc:"Columns."`
	Personal   []string               `hcl:"personal,optional" doc:"Personal columns."`
}

type tableSource struct {
	Connection  pipelines.Connection `hcl:"connection" doc:"Connection."`
	Connections int                  `hcl:"connections,optional" doc:"Connections at once."`
}

func (c tableSource) Connects() int { return c.Connections }

type fileSource struct {
	Connection pipelines.Connection `hcl:"connection" doc:"Connection."`
	Path       string               `hcl:"path" doc:"Path."`
	Format     pipelines.Built      `hcl:"format,block" kind:"format" doc:"Format."`
}

type csvFormat struct {
	Delimiter string                 `hcl:"delimiter,optional" doc:"Delimiter."`
	Encoding  string                 `hcl:"encoding,optional" doc:"Encoding." values:"utf-8|cp1252"`
	Profile   string                 `hcl:"profile,optional" doc:"Profile."`
	Columns   []pipelines.ColumnDecl `hcl:"columns,optional" doc:"Columns."`
}

type filterConfig struct {
	When pipelines.Expression `hcl:"when" doc:"Condition."`
}

type deriveConfig struct {
	Columns []pipelines.NamedExpression `hcl:",rest" doc:"Columns."`
}

type joinConfig struct {
	With pipelines.SourceRef `hcl:"with" doc:"Other side."`
	On   []string            `hcl:"on" doc:"Columns."`
}

type limitConfig struct {
	Rows int `hcl:"rows" doc:"How many."`
}

// plainMistake is the one that a component tells in English alone.
const plainMistake = "rows must be 1 or more"

func (c *limitConfig) Validate() error {
	if c.Rows < 1 {
		return pipelines.At("rows", errors.New(plainMistake))
	}
	return nil
}

type policyConfig struct {
	Public      []string         `hcl:"public,optional" doc:"Columns that leave."`
	Identifiers []identifierRule `hcl:"identifier,block" doc:"A column that names people."`
	Key         pipelines.Secret `hcl:"key,optional" doc:"Key."`
}

type identifierRule struct {
	Column    string               `hcl:"column,label" doc:"Column."`
	ClearWhen pipelines.Expression `hcl:"clear_when,optional" doc:"When it may leave."`
	Otherwise string               `hcl:"otherwise,optional" doc:"What leaves instead."`
}

type loadConfig struct {
	Connection pipelines.Connection `hcl:"connection" doc:"Connection."`
	Prefix     string               `hcl:"prefix" doc:"Prefix."`
	Files      []pipelines.Built    `hcl:"file,block" kind:"format" doc:"Files."`
}

func fake[C any](kind pipelines.Kind, name string, defaults C) pipelines.Component {
	return pipelines.Define(kind, name, "A component of the tests.", defaults,
		func(pipelines.Env, C) (any, error) { return nil, nil })
}

func testRegistry(t testing.TB) *pipelines.Registry {
	t.Helper()
	r, err := pipelines.NewRegistry(testComponents())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func testComponents() []pipelines.Component {
	return []pipelines.Component{
		fake(pipelines.KindConnection, "postgres", postgresConfig{Timeout: time.Minute}),
		fake(pipelines.KindConnection, "local", localConfig{}),
		fake(pipelines.KindSource, "postgres", querySource{}),
		fake(pipelines.KindSource, "file", fileSource{}),
		fake(pipelines.KindSource, "table", tableSource{Connections: 1}),
		fake(pipelines.KindFormat, "csv", csvFormat{Delimiter: ","}),
		fake(pipelines.KindFormat, "parquet", struct{}{}),
		fake(pipelines.KindTransform, "filter", filterConfig{}),
		fake(pipelines.KindTransform, "derive", deriveConfig{}),
		fake(pipelines.KindTransform, "join", joinConfig{}),
		fake(pipelines.KindTransform, "limit", limitConfig{}),
		fake(pipelines.KindPrivacy, "policy", policyConfig{}),
		fake(pipelines.KindLoad, "local", loadConfig{}),
	}
}
