"""The CRM store: every fact about customers, conversations, tickets and orders.

SQLAlchemy lives here and nowhere else; rows never leave. What leaves are the frozen values of
`crm_store.records`.
"""
