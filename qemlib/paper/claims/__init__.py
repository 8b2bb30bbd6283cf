"""Every statement of the paper that can be checked, measured and judged by a rule."""
