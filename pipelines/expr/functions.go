package expr

// Function describes a function over columns, for the reference pages.
type Function struct {
	Name      string
	Group     string
	Signature string
	EN, FR    string // what it gives, one sentence
	Example   string
	Result    string // what Example gives, as a template would write it; "null" is null
}

type function struct {
	Function
	least, most int // arguments; most -1 is any number
	bind        func(*call) *node
}

// Functions are all functions over columns, group by group.
func Functions() []Function {
	fs := make([]Function, len(functions))
	for i, f := range functions {
		fs[i] = f.Function
	}
	return fs
}

func functionNamed(name string) *function {
	for i := range functions {
		if functions[i].Name == name {
			return &functions[i]
		}
	}
	return nil
}

var functions = append(append([]function(nil), textFunctions...), valueFunctions...)

func bindCoalesce(c *call) *node {
	return c.coalesce("coalesce", c.at, c.args, func(s uint8) bool { return s != isNull })
}

func bindTry(c *call) *node {
	return c.coalesce("try", c.at, c.args, func(s uint8) bool { return s < failed })
}

func bindNullif(c *call) *node { return c.nullif(c.args[0], c.args[1], c.at) }
