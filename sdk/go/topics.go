package claudemesh

import "context"

// Topics are where a message reaches everybody who is subscribed. Names may begin with `#`.
type Topics struct{ client *Client }

// List is all topics that this member may know of.
func (t Topics) List(ctx context.Context) ([]Topic, error) {
	return items[Topic](ctx, t.client, "/v1/topics")
}

// Create makes a topic and subscribes this member to it. It is not repeated by itself.
func (t Topics) Create(ctx context.Context, name string) (*Topic, error) {
	body := struct {
		Name string `json:"name"`
	}{trimSign(name, "#")}
	return post[Topic](ctx, t.client, "/v1/topics", body, false)
}

// Join subscribes this member.
func (t Topics) Join(ctx context.Context, name string) (*Topic, error) {
	return post[Topic](ctx, t.client, topicPath(name, "subscribe"), nothing{}, true)
}

// Leave ends this member's subscription.
func (t Topics) Leave(ctx context.Context, name string) (*Topic, error) {
	return post[Topic](ctx, t.client, topicPath(name, "unsubscribe"), nothing{}, true)
}

// Members are those who are subscribed, asked of the broker now.
func (t Topics) Members(ctx context.Context, name string) ([]TopicMember, error) {
	return items[TopicMember](ctx, t.client, topicPath(name, "members"))
}

func topicPath(name, part string) string { return "/v1/topics/" + segment(name, "#") + "/" + part }
