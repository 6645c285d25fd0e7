"""The live screen: Streamlit pages over the read side of the store."""
