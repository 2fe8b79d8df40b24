package format

import (
	"bytes"
	"context"
	"slices"
	"strings"

	"github.com/apache/arrow/go/v15/arrow"

	"github.com/lavoir-data/lavoir/internal/geodesy"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// GeoJSON reads features (RFC 7946), a row each: a collection of them, or one
// after the other, a line each or as RFC 8142 has it. It is as strict as the reader of
// JSON, whose code it uses.
var GeoJSON = pipelines.Define(pipelines.KindFormat, "geojson", "GeoJSON: features with their geometry, one row each.",
	geoJSONConfig{ID: "", geoOptions: defaultGeo, cellOptions: defaultCells}, newGeoJSON)

type geoJSONConfig struct {
	Fields   []pipelines.NamedText `hcl:"fields,optional" doc:"The columns, each with the path of its value in the properties of the feature, as \"nom\", \"adresse.ville\", \"photos[0]\", or 'a.b' in single quotes for a key with dots. By default the columns that columns declares, by their name."`
	ID       string                `hcl:"id,optional" doc:"Name of a column to add with the identifier of each feature, as text; none unless given."`
	Sequence bool                  `hcl:"sequence,optional" doc:"Whether the file is no collection but features one after the other: one a line, or each after a record separator (RFC 8142)."`
	geoOptions
	cellOptions
}

// Columns of which the reader makes no column: what it checks.
const (
	geoType    = "\x00type"
	geoCRSName = "\x00crs"
	geoCRSLink = "\x00link"
)

// jsonFields are the columns as the reader of JSON finds them.
func (c geoJSONConfig) jsonFields() jsonFields {
	f := jsonFields{cellOptions: c.cellOptions}
	if c.ID != "" {
		f.Fields = append(f.Fields, pipelines.NamedText{Name: c.ID, Text: "id"})
	}
	fields := c.Fields
	if len(fields) == 0 {
		for _, col := range c.Columns {
			if col.Name != c.ID {
				fields = append(fields, pipelines.NamedText{Name: col.Name, Text: "'" + strings.ReplaceAll(col.Name, "'", "''") + "'"})
			}
		}
	}
	for _, field := range fields {
		if text := field.Text; !strings.HasPrefix(text, "[") && text != "" {
			field.Text = "properties." + text
		}
		f.Fields = append(f.Fields, field)
	}
	f.Fields = append(f.Fields, pipelines.NamedText{Name: geoType, Text: "type"})
	if !c.Sequence {
		f.Fields = append(f.Fields, pipelines.NamedText{Name: geoCRSName, Text: "$.crs.properties.name"}, pipelines.NamedText{Name: geoCRSLink, Text: "$.crs.properties.href"})
	}
	return f
}

func (c geoJSONConfig) record() string {
	if c.Sequence {
		return jsonNoOuter
	}
	return "features"
}

// Validate refuses paths that are none and options that contradict each other.
func (c geoJSONConfig) Validate() error {
	if err := c.cellOptions.Validate(); err != nil {
		return err
	}
	fields := c.jsonFields()
	names := make([]string, len(fields.Fields))
	for i, f := range fields.Fields {
		names[i] = f.Name
	}
	if c.ID != "" && slices.Contains(names[1:], c.ID) {
		return badOption("id", "has the name of another column")
	}
	if err := c.validate(names); err != nil {
		return err
	}
	if len(c.Fields) == 0 && len(c.Columns) == 0 && c.ID == "" && c.Geometry == "" {
		return pipelines.At("fields", messages.TreeOption.With("option", "fields", "why", "must name the columns, or columns must declare them"))
	}
	_, err := fields.plan(c.record())
	return err
}

type geoJSONCodec struct {
	jsonCodec
	config geoJSONConfig
}

var _ Reader = (*geoJSONCodec)(nil)

func newGeoJSON(env pipelines.Env, c geoJSONConfig) (*geoJSONCodec, error) {
	return &geoJSONCodec{jsonCodec{env: env, fields: c.jsonFields(), record: c.record(), lines: c.Sequence, form: c.form(), chunk: treeChunkSize}, c}, nil
}

// geoPlan is what to look for, and how many of the columns are shown.
func (c *geoJSONCodec) plan() (*jsonPlan, int, error) {
	plan, err := c.fields.plan(c.record)
	if err != nil {
		return nil, 0, err
	}
	plan.record.takeWhole("geometry")
	shown := 0
	for shown < len(plan.columns) && plan.columns[shown].Name[0] != 0 {
		shown++
	}
	return plan, shown, nil
}

// Declared is all columns: fields names them, or columns does.
func (c *geoJSONCodec) Declared() (*arrow.Schema, bool) {
	plan, shown, err := c.plan()
	if err != nil {
		return nil, false
	}
	return c.config.fields(schemaOf(cellColumnsOf(plan.columns[:shown]))), true
}

// Chunks cuts the file into pieces of whole features, as the reader of JSON does.
func (c *geoJSONCodec) Chunks(ctx context.Context, in Input) (pipelines.Chunks, error) {
	r, err := in.Open(ctx)
	if err != nil {
		return nil, err
	}
	plan, shown, err := c.plan()
	var s *treeChunks
	if err == nil {
		s, err = c.start(in, r, plan)
	}
	if err != nil {
		r.Close()
		return nil, err
	}
	if c.lines && bytes.HasPrefix(s.held[s.pos:], []byte{recordSeparator}) {
		s.scanner = jsonTexts{}
	}
	s.schema = c.config.fields(schemaOf(cellColumnsOf(plan.columns[:shown])))
	s.decoders.New = func() treeRecords {
		d := &geoDecoder{jsonDecoder: newJSONDecoder(&c.jsonCodec, plan), codec: c, shown: shown, schema: s.schema}
		d.crs = c.config.crs()
		if d.crs == nil {
			d.crs, _ = geodesy.ByCode("4326")
		}
		return d
	}
	return s, nil
}
