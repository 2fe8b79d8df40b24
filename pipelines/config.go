package pipelines

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// Size is a number of bytes, written "16MiB", "95MB" or as a plain number.
type Size int64

func (s Size) String() string {
	for _, u := range sizeUnits {
		if s >= Size(u.bytes) && int64(s)%u.bytes == 0 {
			return strconv.FormatInt(int64(s)/u.bytes, 10) + u.name
		}
	}
	return strconv.FormatInt(int64(s), 10)
}

var sizeUnits = []struct {
	name  string
	bytes int64
}{{"TiB", 1 << 40}, {"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"TB", 1e12}, {"GB", 1e9}, {"MB", 1e6}, {"kB", 1e3}, {"B", 1}}

// ParseSize reads a Size.
func ParseSize(s string) (Size, error) {
	s = strings.TrimSpace(s)
	unit := int64(1)
	for _, u := range sizeUnits {
		if n, ok := strings.CutSuffix(s, u.name); ok {
			s, unit = strings.TrimSpace(n), u.bytes
			break
		}
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 || n > (1<<62)/unit {
		return 0, fmt.Errorf("a size is written \"64MiB\", \"95MB\" or as a number of bytes")
	}
	return Size(n * unit), nil
}

// ParseDuration reads a duration: Go's form, or a number of days as "90d".
func ParseDuration(s string) (time.Duration, error) {
	if d, ok := strings.CutSuffix(s, "d"); ok {
		if n, err := strconv.ParseUint(d, 10, 20); err == nil {
			return time.Duration(n) * 24 * time.Hour, nil
		}
	}
	d, err := time.ParseDuration(s)
	if err != nil || d < 0 {
		return 0, fmt.Errorf("a duration is written \"90s\", \"15m\", \"24h\" or \"90d\"")
	}
	return d, nil
}

// Expression is an expression over row, kept as it was written, with the
// values (locals, each, partition) it may also name. pipelines/expr compiles it.
type Expression struct {
	hcl.Expression
	Values *hcl.EvalContext
}

// IsSet says whether the pipeline file gave an expression.
func (e Expression) IsSet() bool { return e.Expression != nil }

// NamedExpression is an expression under a name the user chose.
type NamedExpression struct {
	Name  string
	Range hcl.Range // of the name
	Expression
}

// NamedText is a text under a name the user chose. A list of them is written as an
// object and keeps the order it is written in, where that means something.
type NamedText struct {
	Name  string
	Range hcl.Range // of the name
	Text  string
}

// ColumnDecl is one declared column.
type ColumnDecl struct {
	Name string
	ColumnType
	Range hcl.Range
}

// Schema is the Arrow schema of declared columns, all nullable, in their order.
func Schema(cols []ColumnDecl) *arrow.Schema {
	fs := make([]arrow.Field, len(cols))
	for i, c := range cols {
		fs[i] = arrow.Field{Name: c.Name, Type: c.Type, Nullable: true}
	}
	return arrow.NewSchema(fs, nil)
}

// Connection is what `connection.<type>.<name>` refers to.
type Connection struct {
	Built
	Key string // the tenant, when the connection has for_each
	Max int    // how many tasks may use it at once; 0 is no limit
	// Group is the `limits` block it shares with others; "" is none.
	Group string
	// Takes is how many places of its caps the task takes; 0 is one.
	Takes int
}

// Connecting is the ability of a configuration to say that its component uses
// its connection several times at once: the task takes so many places of the
// caps of that connection.
type Connecting interface {
	Connects() int
}

// OpenConnection builds what c refers to and gives it as a T.
func OpenConnection[T any](c Connection, env Env) (T, error) {
	if t, ok := env.opened[c.String()].(T); ok {
		return t, nil
	}
	t, err := As[T](c.Built, env)
	if err != nil && messages.Find(err) == nil {
		return t, messages.WrongConnection.With("connection", c.String())
	}
	if err == nil && env.opened != nil {
		env.opened[c.String()] = t
	}
	return t, err
}

func (c Connection) String() string {
	s := "connection." + c.Component.Name + "." + c.Label
	if c.Key != "" {
		s += "[" + strconv.Quote(c.Key) + "]"
	}
	return s
}

// SourceRef is what `source.<type>.<name>` refers to.
type SourceRef struct{ Built }

// Values of these types stand for what an expression may refer to but not look
// into. A secret is one of them, so that no text can be made of it.
var (
	SecretValue     = cty.Capsule("secret", reflect.TypeOf(Secret{}))
	ConnectionValue = cty.Capsule("connection", reflect.TypeOf(Connection{}))
	SourceValue     = cty.Capsule("source", reflect.TypeOf(SourceRef{}))
)
