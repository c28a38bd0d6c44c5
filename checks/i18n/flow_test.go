package i18n

import (
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
)

// A flow finds the string literals that can reach a variable or field. It follows
// assignments, parameters, first results, lists and closures, and ignores conditions.
type flow struct {
	*source
	// from holds the expressions assigned to a variable, parameter or field, or to
	// its elements.
	from map[types.Object][]ast.Expr
	// bodies holds the declared functions.
	bodies map[types.Object]*ast.BlockStmt
	// calls holds all calls.
	calls []*ast.CallExpr
}

func newFlow(s *source) *flow {
	f := &flow{source: s, from: map[types.Object][]ast.Expr{}, bodies: map[types.Object]*ast.BlockStmt{}}
	for _, file := range s.sorted() {
		ast.Inspect(file, f.visit)
	}
	// The second pass binds the arguments of callbacks, whose closures are known only
	// after the first.
	for range 2 {
		for _, call := range f.calls {
			f.bind(call)
		}
	}
	return f
}

func (f *flow) visit(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.AssignStmt:
		assign(f, n.Lhs, n.Rhs)
	case *ast.ValueSpec:
		assign(f, n.Names, n.Values)
	case *ast.RangeStmt:
		if n.Value != nil {
			f.give(n.Value, n.X)
		}
	case *ast.CompositeLit:
		f.fields(n)
	case *ast.FuncDecl:
		f.bodies[f.info.Defs[n.Name]] = n.Body
	case *ast.CallExpr:
		f.calls = append(f.calls, n)
	}
	return true
}

// assign gives each target its value. Of several results, it takes only the first.
func assign[E ast.Expr](f *flow, to []E, values []ast.Expr) {
	for i := range min(len(to), len(values)) {
		f.give(to[i], values[i])
	}
}

// give records that target takes the value of expr.
func (f *flow) give(target, expr ast.Expr) {
	if object := f.object(target); object != nil {
		f.from[object] = append(f.from[object], expr)
	}
}

// object returns the variable, parameter, field or function that expr names. For an
// element of a list it returns the list.
func (f *flow) object(expr ast.Expr) types.Object {
	switch expr := ast.Unparen(expr).(type) {
	case *ast.Ident:
		return f.info.ObjectOf(expr)
	case *ast.SelectorExpr:
		return f.info.ObjectOf(expr.Sel)
	case *ast.IndexExpr:
		return f.object(expr.X)
	case *ast.StarExpr:
		return f.object(expr.X)
	}
	return nil
}

// fields records the field values of a struct literal.
func (f *flow) fields(literal *ast.CompositeLit) {
	kind := f.info.TypeOf(literal)
	if kind == nil {
		return
	}
	if pointer, ok := kind.Underlying().(*types.Pointer); ok {
		kind = pointer.Elem()
	}
	fields, ok := kind.Underlying().(*types.Struct)
	if !ok {
		return
	}
	for i, element := range literal.Elts {
		if pair, keyed := element.(*ast.KeyValueExpr); keyed {
			f.give(pair.Key, pair.Value)
		} else if i < fields.NumFields() {
			f.from[fields.Field(i)] = append(f.from[fields.Field(i)], element)
		}
	}
}

// bind records the arguments of a call for the parameters of its callees.
func (f *flow) bind(call *ast.CallExpr) {
	if function, ok := f.object(call.Fun).(*types.Func); ok {
		f.pass(call.Args, function.Signature())
	}
	for _, closure := range f.closures(call.Fun, map[types.Object]bool{}) {
		if signature, ok := f.info.TypeOf(closure).(*types.Signature); ok {
			f.pass(call.Args, signature)
		}
	}
}

func (f *flow) pass(args []ast.Expr, to *types.Signature) {
	last := to.Params().Len() - 1
	for i, arg := range args {
		if last >= 0 {
			parameter := to.Params().At(min(i, last))
			f.from[parameter] = append(f.from[parameter], arg)
		}
	}
}

// closures returns the function literals that expr can be, directly or through variables.
func (f *flow) closures(expr ast.Expr, seen map[types.Object]bool) (list []*ast.FuncLit) {
	if closure, ok := ast.Unparen(expr).(*ast.FuncLit); ok {
		return []*ast.FuncLit{closure}
	}
	object := f.object(expr)
	if object == nil || seen[object] {
		return nil
	}
	seen[object] = true
	for _, value := range f.from[object] {
		list = append(list, f.closures(value, seen)...)
	}
	return list
}

// results returns the first results of the functions that expr can be.
func (f *flow) results(expr ast.Expr) []ast.Expr {
	list := returned(f.bodies[f.object(expr)])
	for _, closure := range f.closures(expr, map[types.Object]bool{}) {
		list = append(list, returned(closure.Body)...)
	}
	return list
}

// returned returns the first result of each return statement, without those of closures.
func returned(body *ast.BlockStmt) (list []ast.Expr) {
	if body == nil {
		return nil
	}
	ast.Inspect(body, func(n ast.Node) bool {
		if statement, ok := n.(*ast.ReturnStmt); ok && len(statement.Results) > 0 {
			list = append(list, statement.Results[0])
		}
		_, closure := n.(*ast.FuncLit)
		return !closure
	})
	return list
}

// literals calls found for every string constant that can reach object.
func (f *flow) literals(object types.Object, found func(text string, at token.Pos)) {
	seen := map[any]bool{} // expressions and objects
	var follow func(list ...ast.Expr)
	follow = func(list ...ast.Expr) {
		for _, expr := range list {
			expr = ast.Unparen(expr)
			if seen[expr] {
				continue
			}
			seen[expr] = true
			if value := f.info.Types[expr].Value; value != nil && value.Kind() == constant.String {
				found(constant.StringVal(value), expr.Pos())
				continue
			}
			switch expr := expr.(type) {
			case *ast.CompositeLit:
				follow(expr.Elts...)
			case *ast.KeyValueExpr:
				follow(expr.Value)
			case *ast.IndexExpr:
				follow(expr.X)
			case *ast.BinaryExpr:
				follow(expr.X, expr.Y)
			case *ast.CallExpr:
				if f.info.Types[expr.Fun].IsType() {
					follow(expr.Args...)
				} else {
					follow(f.results(expr.Fun)...)
				}
			default:
				if object := f.object(expr); object != nil && !seen[object] {
					seen[object] = true
					follow(f.from[object]...)
				}
			}
		}
	}
	follow(f.from[object]...)
}
