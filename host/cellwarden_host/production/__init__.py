"""Mass production: one recipe written to board after board, verified, checked and recorded.

Knows no page and no terminal; both drive the same job. Passwords pass through and are never kept.
"""
