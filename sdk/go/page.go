package claudemesh

import (
	"context"
	"iter"
	"maps"
	"net/url"
)

// PageOptions says which page of a list is wanted.
type PageOptions struct {
	// Cursor is NextCursor of the page before; "" for the first one.
	Cursor string
	// Limit is how many items it has at most; 0 for 100, 1,000 is the most.
	Limit int
}

// Page is a part of a list.
type Page[T any] struct {
	Items []T `json:"items"`
	// NextCursor is that of the next page; "" at the end.
	NextCursor string `json:"next_cursor"`

	next func(ctx context.Context, cursor string) (*Page[T], error)
}

// Next is the page after this one; nil after the last.
func (p *Page[T]) Next(ctx context.Context) (*Page[T], error) {
	if p.NextCursor == "" {
		return nil, nil
	}
	return p.next(ctx, p.NextCursor)
}

// All yields the items of this page and of all after it, which are asked for as they are needed. An error ends it.
func (p *Page[T]) All(ctx context.Context) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for at := p; at != nil; {
			for _, item := range at.Items {
				if !yield(item, nil) {
					return
				}
			}
			following, err := at.Next(ctx)
			if err != nil {
				var none T
				yield(none, err)
				return
			}
			at = following
		}
	}
}

// page asks for one page of a list; its pages after it are asked for in the same way.
func page[T any](ctx context.Context, c *Client, path string, query url.Values, options PageOptions) (*Page[T], error) {
	asked := maps.Clone(query)
	if options.Cursor != "" {
		asked.Set("cursor", options.Cursor)
	}
	if options.Limit != 0 {
		asked.Set("limit", number(int64(options.Limit)))
	}
	answer, err := get[Page[T]](ctx, c, path, asked)
	if err != nil {
		return nil, err
	}
	if answer.Items == nil {
		return nil, withoutList()
	}
	answer.next = func(ctx context.Context, cursor string) (*Page[T], error) {
		return page[T](ctx, c, path, query, PageOptions{Cursor: cursor, Limit: options.Limit})
	}
	return answer, nil
}
