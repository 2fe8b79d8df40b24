package hclfile

import (
	"fmt"
	"strconv"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
)

// functions are what a pipeline file may call outside expressions over row. None
// of them reads a file, a clock or the environment.
func functions() map[string]function.Function {
	return map[string]function.Function{
		"coalesce": stdlib.CoalesceFunc,
		"concat":   stdlib.ConcatFunc,
		"contains": stdlib.ContainsFunc,
		"format":   stdlib.FormatFunc,
		"join":     stdlib.JoinFunc,
		"keys":     stdlib.KeysFunc,
		"length":   lengthFunc,
		"lookup":   stdlib.LookupFunc,
		"lower":    stdlib.LowerFunc,
		"merge":    stdlib.MergeFunc,
		"range":    stdlib.RangeFunc,
		"replace":  stdlib.ReplaceFunc,
		"split":    stdlib.SplitFunc,
		"tonumber": stdlib.MakeToFunc(cty.Number),
		"tostring": stdlib.MakeToFunc(cty.String),
		"upper":    stdlib.UpperFunc,
		"values":   stdlib.ValuesFunc,
		"year":     yearFunc,
	}
}

// lengthFunc counts the elements of a collection or the characters of a text.
var lengthFunc = function.New(&function.Spec{
	Params: []function.Parameter{{Name: "value", Type: cty.DynamicPseudoType, AllowDynamicType: true}},
	Type: func(args []cty.Value) (cty.Type, error) {
		t := args[0].Type()
		if t == cty.String || t.IsTupleType() || t.IsObjectType() || t.IsCollectionType() || t == cty.DynamicPseudoType {
			return cty.Number, nil
		}
		return cty.Number, function.NewArgErrorf(0, "a text, a list or an object is needed")
	},
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		if args[0].Type() == cty.String {
			return stdlib.Strlen(args[0])
		}
		if t := args[0].Type(); t.IsObjectType() {
			return cty.NumberIntVal(int64(len(t.AttributeTypes()))), nil
		}
		return args[0].Length(), nil
	},
})

// yearFunc is the year a date in text (2024-05-31, or an instant that begins so) is in.
var yearFunc = function.New(&function.Spec{
	Params: []function.Parameter{{Name: "date", Type: cty.String}},
	Type:   function.StaticReturnType(cty.Number),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		s := args[0].AsString()
		if len(s) < 10 || s[4] != '-' || s[7] != '-' {
			return cty.UnknownVal(cty.Number), function.NewArgError(0, fmt.Errorf("a date is written YYYY-MM-DD"))
		}
		y, err := strconv.ParseUint(s[:4], 10, 16)
		if err != nil {
			return cty.UnknownVal(cty.Number), function.NewArgError(0, fmt.Errorf("a date is written YYYY-MM-DD"))
		}
		return cty.NumberUIntVal(y), nil
	},
})
