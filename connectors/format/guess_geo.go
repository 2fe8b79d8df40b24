package format

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/lavoir-data/lavoir/internal/geodesy"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

var _, _ pipelines.Guesser = shapeConfig{}, geoJSONConfig{}

// Looks knows the number that a file of shapes begins with, as its index does.
func (shapeConfig) Looks(head []byte, in pipelines.GuessFile) int {
	if in.Extension != ".shx" && len(head) >= 100 && binary.BigEndian.Uint32(head) == shapeFileCode && binary.LittleEndian.Uint32(head[28:]) == 1000 {
		return 100
	}
	return 0
}

// Guess takes the system that the .prj says, or where there is none the one that the
// coordinates are likely to be in, and of the table what a guess of it takes.
func (shapeConfig) Guess(ctx context.Context, env pipelines.Env, file pipelines.GuessFile) (*pipelines.Guess, error) {
	in := guessInput(file)
	g := &pipelines.Guess{Format: "shp"}
	g.Found(messages.GuessSignature.With("format", "Shapefile"))
	config := shapeConfig{geoOptions: defaultGeo, cellOptions: defaultCells}
	head, err := readStart(ctx, in, 100)
	if err != nil {
		return nil, err
	}
	if err := config.guessSystem(ctx, g, in, head); err != nil {
		return nil, err
	}
	table, found, err := in.beside(ctx, ".dbf")
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, messages.ShapeNoTable.With("file", in.Name)
	}
	table.Beside = in.Beside
	t := tableGuess{g: g, in: in, table: table, codec: func(t dbfConfig) (Reader, error) {
		config.Encoding, config.Without = t.Encoding, t.Without
		return newShape(env, config)
	}}
	t.otherwise = func(m *messages.Error) bool {
		if m.Code != messages.CSVColumnTwice.Code || m.Param("column") != config.Geometry {
			return false
		}
		config.Geometry += "_wkb"
		return true
	}
	rows, err := t.read(ctx, env)
	if err != nil {
		return nil, err
	}
	if n := heights(rows.g); n > 0 {
		config.Altitude = "drop"
		g.Set("altitude", "drop")
		g.Found(messages.GuessHeights.With("count", n))
		if rows, err = t.read(ctx, env); err != nil {
			return nil, err
		}
	}
	t.tell()
	g.Partial = rows.g.Partial
	return guessGeometry(g, rows, config.geoOptions), nil
}

// guessSystem finds the system of coordinates.
func (c *shapeConfig) guessSystem(ctx context.Context, g *pipelines.Guess, in Input, head []byte) error {
	prj, found, err := in.beside(ctx, ".prj")
	if err != nil {
		return err
	}
	if found {
		text, err := readStart(ctx, prj, 64<<10)
		if err != nil {
			return err
		}
		if _, why := geodesy.ParseWKT(string(text)); why != "" {
			return messages.GeoCRS.With("file", in.Name, "why", why)
		}
		_, name, _ := strings.Cut(string(text), "\"")
		name, _, _ = strings.Cut(name, "\"")
		g.Found(messages.GuessSystem.With("system", strconv.Quote(messages.Visible(name))))
		return nil
	}
	code := ""
	if len(head) == 100 {
		side := func(at int) float64 { return math.Float64frombits(binary.LittleEndian.Uint64(head[at:])) }
		code = systemOf(side(36), side(44), side(52), side(60))
	}
	if code == "" {
		return messages.GeoCRS.With("file", in.Name, "why", "there is no .prj file beside it")
	}
	c.CRS = code
	g.Set("crs", code)
	g.Found(messages.GuessSystemLikely.With("system", code))
	return nil
}

// systemOf is the system of mainland France, or longitudes and latitudes, that has
// positions in that box; "" where none has, or two have.
func systemOf(west, south, east, north float64) (code string) {
	within := func(w, s, e, n float64) bool {
		return west >= w && south >= s && east <= e && north <= n && west <= east && south <= north
	}
	if within(0, 0, 0, 0) {
		return ""
	}
	if within(-180, -90, 180, 90) {
		return "EPSG:4326"
	}
	likely := func(found string) {
		if code != "" {
			found = "two"
		}
		code = found
	}
	if within(75_000, 6_000_000, 1_275_000, 7_150_000) {
		likely("EPSG:2154")
	}
	for zone := range 9 { // each a degree of latitude to either side of its own
		if middle := float64(zone+1)*1e6 + 200_000; within(1_150_000, middle-130_000, 2_300_000, middle+130_000) {
			likely("EPSG:" + strconv.Itoa(3942+zone))
		}
	}
	if code == "two" {
		return ""
	}
	return code
}

// heights is how many rows are rejected because their positions have more than two numbers.
func heights(g *pipelines.Guess) (n int64) {
	for _, r := range g.Rejects {
		if r.Why.Code == messages.GeoAltitude.Code {
			n += r.Count
		}
	}
	return n
}

// guessGeometry fills the guess from rows whose last column has geometries. Where
// another column looks personal, a position may be where that person lives.
func guessGeometry(g *pipelines.Guess, rows *rowsGuess, geo geoOptions) *pipelines.Guess {
	if geo.Geometry != defaultGeo.Geometry {
		g.Set("geometry", geo.Geometry)
	}
	g.Rows, g.Rejects = rows.g.Rows, rows.g.Rejects
	last := len(rows.cols) - 1
	guessColumns(g, rows.cols[:last], false)
	column := pipelines.GuessColumn{Name: geo.Geometry, Type: "binary", Nulls: rows.cols[last].empty, Empty: rows.cols[last].values == 0, Undeclared: true}
	for _, c := range g.Columns {
		if _, likely := pipelines.LikelyPersonal(c.Name); likely || c.Personal != "" {
			column.Personal = "position"
		}
	}
	g.Columns = append(g.Columns, column)
	g.Found(messages.GuessGeometry.With("count", rows.cols[last].values, "column", geo.Geometry))
	return g
}

// geoKind says from the first bytes whether a text is a collection of features or
// features one after the other; neither is 0.
type geoKind int

const (
	geoCollection geoKind = 1 + iota
	geoSequence
)

// geoSystem is what old collections say of their system.
type geoSystem struct {
	Properties struct {
		Name string `json:"name"`
	} `json:"properties"`
}

// geoHead goes through the members of the first object, as far as head has them.
func geoHead(head []byte) (kind geoKind, system string) {
	head = bytes.TrimPrefix(bytes.TrimPrefix(head, byteMark), []byte{recordSeparator})
	dec := json.NewDecoder(bytes.NewReader(head))
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return 0, ""
	}
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return kind, system
		}
		if key == "features" && kind == 0 {
			t, err := dec.Token()
			if err != nil || t != json.Delim('[') {
				return 0, ""
			}
			if dec.More() { // the type may come behind them
				if t, err = dec.Token(); err == nil && t == json.Delim('{') {
					kind = geoCollection
				}
			}
			return kind, system
		}
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return kind, system
		}
		switch key {
		case "type":
			switch string(value) {
			case `"FeatureCollection"`:
				kind = geoCollection
			case `"Feature"`:
				kind = geoSequence
			default:
				return 0, ""
			}
		case "crs":
			var s geoSystem
			if json.Unmarshal(value, &s) == nil {
				system = s.Properties.Name
			}
		}
	}
	return kind, system
}

// Looks finds a collection of features, or features one after the other.
func (geoJSONConfig) Looks(head []byte, _ pipelines.GuessFile) int {
	if kind, _ := geoHead(head); kind != 0 {
		return 95
	}
	return 0
}

// Guess takes the properties of all features for columns.
func (geoJSONConfig) Guess(ctx context.Context, env pipelines.Env, file pipelines.GuessFile) (*pipelines.Guess, error) {
	in := guessInput(file)
	g := &pipelines.Guess{Format: "geojson"}
	head, err := readStart(ctx, in, pipelines.GuessHead)
	if err != nil {
		return nil, err
	}
	kind, system := geoHead(head)
	config := geoJSONConfig{geoOptions: defaultGeo, Sequence: kind == geoSequence, cellOptions: defaultCells}
	plain := file
	plain.Open = func(ctx context.Context) (io.ReadCloser, error) {
		r, err := file.Open(ctx)
		return separated{r}, err
	}
	feature, err := shapeOf(ctx, plain, config.Sequence)
	if err != nil {
		return nil, err
	}
	if !config.Sequence {
		if feature = feature.child["features"]; feature != nil {
			feature = feature.each
		}
		if feature == nil {
			feature = &jsonShape{}
		}
	}
	config.guessSystem(g, system)
	if properties := feature.child["properties"]; properties != nil {
		config.Fields = properties.fields(g)
	}
	config.names(feature)
	if config.ID != "" {
		g.Set("id", config.ID)
	}
	if config.Sequence {
		g.Set("sequence", true)
	}
	lists := listColumns(config.Fields)
	config.Fields = plainFields(config.Fields)
	for _, f := range config.Fields {
		if t, _ := pipelines.ParseTypeText("list(text)"); lists[f.Name] {
			config.Columns = append(config.Columns, pipelines.ColumnDecl{Name: f.Name, ColumnType: t})
		}
	}
	if len(config.Fields) > 0 {
		g.Options = append(g.Options, pipelines.GuessOption{Name: "fields", Value: fieldsText(config.Fields)})
	}
	read := func() (*rowsGuess, error) {
		codec, err := newGeoJSON(env, config)
		if err != nil {
			return nil, err
		}
		rows := &rowsGuess{g: &pipelines.Guess{}, whole: true}
		return rows, rows.read(ctx, codec, in)
	}
	rows, err := read()
	if err != nil {
		return nil, err
	}
	if n := heights(rows.g); n > 0 {
		config.Altitude = "drop"
		g.Set("altitude", "drop")
		g.Found(messages.GuessHeights.With("count", n))
		if rows, err = read(); err != nil {
			return nil, err
		}
	}
	g.Partial = rows.g.Partial
	guessGeometry(g, rows, config.geoOptions)
	for i := range g.Columns {
		if lists[g.Columns[i].Name] {
			g.Columns[i].Type = "list(text)"
		}
	}
	return g, nil
}

// guessSystem takes the system that an old collection names, where it is not that of
// all GeoJSON.
func (c *geoJSONConfig) guessSystem(g *pipelines.Guess, system string) {
	if system == "" {
		return
	}
	g.Found(messages.GuessSystem.With("system", strconv.Quote(messages.Visible(system))))
	code := system[len(strings.TrimRight(system, "0123456789")):]
	if _, known := geodesy.ByCode(code); known && !worldwide(system) {
		c.CRS = "EPSG:" + code
		g.Set("crs", c.CRS)
	}
}

// names gives the identifier and the geometry names that no property has.
func (c *geoJSONConfig) names(feature *jsonShape) {
	free := func(name, other string) string {
		for slices.ContainsFunc(c.Fields, func(f pipelines.NamedText) bool { return f.Name == name }) {
			name += other
		}
		return name
	}
	if id := feature.child["id"]; id != nil && id.scalars > 0 {
		c.ID = free("id", "_feature")
	}
	c.Geometry = free(c.Geometry, "_wkb")
}

// separated takes the separators of features for spaces.
type separated struct{ io.ReadCloser }

func (s separated) Read(p []byte) (int, error) {
	n, err := s.ReadCloser.Read(p)
	for i, b := range p[:n] {
		if b == recordSeparator {
			p[i] = ' '
		}
	}
	return n, err
}
