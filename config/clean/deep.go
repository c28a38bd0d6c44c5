package clean

import "reflect"

// Arguments is a message whose arguments may hold a secret, but whose format may not.
type Arguments interface {
	// WithArguments returns the message with f applied to each argument.
	WithArguments(f func(any) any) any
}

// HideIn returns v with the known values hidden in every string, at any depth. It
// copies maps, slices and the targets of pointers. It does not change unexported
// fields and structs without strings.
func (r *Redactor) HideIn(v any) any {
	switch v := v.(type) {
	case nil:
		return nil
	case error:
		return r.Hide(v.Error())
	}
	return r.hideIn(reflect.ValueOf(v)).Interface()
}

func (r *Redactor) hideIn(v reflect.Value) reflect.Value {
	out := reflect.New(v.Type()).Elem()
	out.Set(v)
	if message, is := v.Interface().(Arguments); is {
		out.Set(reflect.ValueOf(message.WithArguments(r.HideIn)))
		return out
	}
	switch v.Kind() {
	case reflect.String:
		out.SetString(r.Hide(v.String()))
	case reflect.Interface:
		if !v.IsNil() {
			out.Set(reflect.ValueOf(r.HideIn(v.Interface())))
		}
	case reflect.Pointer:
		if !v.IsNil() {
			out.Set(reflect.New(v.Type().Elem()))
			out.Elem().Set(r.hideIn(v.Elem()))
		}
	case reflect.Slice:
		if !v.IsNil() {
			out.Set(reflect.MakeSlice(v.Type(), v.Len(), v.Len()))
			for i := range v.Len() {
				out.Index(i).Set(r.hideIn(v.Index(i)))
			}
		}
	case reflect.Map:
		if !v.IsNil() {
			out.Set(reflect.MakeMapWithSize(v.Type(), v.Len()))
			for _, key := range v.MapKeys() {
				out.SetMapIndex(r.hideIn(key), r.hideIn(v.MapIndex(key)))
			}
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				out.Field(i).Set(r.hideIn(v.Field(i)))
			}
		}
	}
	return out
}
